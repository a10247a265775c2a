// Everything that can fail happens before anything of the old program is given up: the new address
// space is made and filled beside the old one.
#include "kernel/proc/exec.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/fpu.h"
#include "kernel/cpu/trap.h"
#include "kernel/cpu/user_mode.h"
#include "kernel/dev/random.h"
#include "kernel/fs/descriptor.h"
#include "kernel/fs/path.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/elf.h"
#include "kernel/proc/file_source.h"
#include "kernel/proc/process.h"
#include "lib/abi/auxv.h"
#include "lib/abi/time.h"
#include "lib/errno.h"
#include "lib/string.h"

#define HEAD_SIZE 256 // what is looked at to tell a program from a script
#define SCRIPT_DEPTH_MAX 4 // a script's interpreter may be a script
#define RELOCATABLE_BASE 0x555555554000 // where static-pie programs go: far from both ends
#define STACK_TOP USER_END
#define STACK_ROOM (16 * PAGE_SIZE) // below the arguments; more comes as the stack grows
#define RANDOM_SIZE 16
#define PLATFORM "x86_64"
#define CPUID_FEATURES 1

// What is made for the new program.
struct image {
    char *path; // of the file that is run, for /proc/self/exe
    struct inode *inode; // held
    bool used; // INODE_RUN
    struct address_space *space;
    struct elf_plan plan;
    uint64_t stack; // RSP
};

// ---- The file ----

// An absolute path of a name in a directory, which is no symbolic link: the one that was given, if
// it is absolute and ends in that name, since to find the directory's takes time. Not one through
// /proc, where others find something else.
static int absolute_path(const char *given, const struct path_parent *parent, char **path)
{
    const char *slash = strrchr(given, '/');
    bool leads_there = given[0] == '/' && strcmp(slash + 1, parent->name) == 0 &&
                       strncmp(given, "/proc/", strlen("/proc/")) != 0;
    char *text = kmalloc(leads_there ? strlen(given) + 1 : PATH_MAX);
    if (!text) {
        return -ENOMEM;
    }
    if (leads_there) {
        *path = memcpy(text, given, strlen(given) + 1);
        return 0;
    }
    int length = vfs_path(parent->directory, text, PATH_MAX - NAME_MAX - 2);
    if (length < 0) {
        length = 0; // a removed directory: the name alone has to do
    }
    if (length == 0 || text[length - 1] != '/') {
        text[length++] = '/';
    }
    strlcpy(text + length, parent->name, NAME_MAX + 1);
    *path = krealloc(text, strlen(text) + 1); // making it smaller cannot fail
    return 0;
}

// Finds a program's file, and reads its first HEAD_SIZE bytes (what is missing is 0).
static int open_file(struct inode *base, const char *path, struct image *image, char *head)
{
    struct path_parent parent;
    struct inode *inode;
    int error = path_find_last(base, path, true, &parent, &inode);
    if (error) {
        return error;
    }
    image->inode = inode;
    if (!inode || !S_ISREG(inode->mode) || !(inode->mode & 0111) || !inode->operations->read) {
        error = inode ? -EACCES : parent.slash ? -ENOTDIR : -ENOENT;
    } else {
        error = absolute_path(path, &parent, &image->path);
    }
    inode_release(parent.directory);
    if (error == 0) {
        error = inode_use(inode, INODE_RUN);
        image->used = error == 0;
    }
    if (error) {
        return error;
    }
    int64_t count = file_source_read(inode, head, HEAD_SIZE, 0);
    if (count < 0) {
        return (int)count;
    }
    memset(head + count, 0, HEAD_SIZE - (size_t)count);
    return 0;
}

static void close_file(struct image *image)
{
    if (image->used) {
        inode_end_use(image->inode, INODE_RUN);
    }
    inode_release(image->inode);
    kfree(image->path);
    image->inode = NULL;
    image->path = NULL;
    image->used = false;
}

// ---- Scripts ----

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

// Takes the first line of a script apart: "#! interpreter argument", the argument being all the
// rest, or NULL.
static int parse_script(char *head, char **interpreter, char **argument)
{
    char *start = head + 2, *end = memchr(head, '\n', HEAD_SIZE);
    if (!end) {
        end = memchr(head, '\0', HEAD_SIZE); // it ends without a new line
    }
    if (!end) {
        return -ENOEXEC; // too long: what is cut must not be run
    }
    while (end > start && is_blank(end[-1])) {
        end--;
    }
    *end = '\0';
    while (is_blank(*start)) {
        start++;
    }
    *interpreter = start;
    while (*start && !is_blank(*start)) {
        start++;
    }
    *argument = NULL;
    if (*start) {
        *start++ = '\0';
        while (is_blank(*start)) {
            start++;
        }
        *argument = start;
    }
    return **interpreter ? 0 : -ENOEXEC;
}

// Puts the interpreter, its argument if it has one, and the script's path in the place of the first
// argument.
static int script_arguments(struct exec_strings *arguments, const char *interpreter,
                            const char *argument, const char *path)
{
    const char *const words[] = {interpreter, argument, path};
    size_t sizes[ARRAY_LENGTH(words)], size = 0;
    size_t first = arguments->count > 0 ? strlen(arguments->bytes) + 1 : 0;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        sizes[i] = words[i] ? strlen(words[i]) + 1 : 0;
        size += sizes[i];
    }
    char *bytes = kmalloc(size + arguments->size - first), *next = bytes;
    if (!bytes) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        memcpy(next, words[i], sizes[i]);
        next += sizes[i];
    }
    if (arguments->size > first) {
        memcpy(next, arguments->bytes + first, arguments->size - first);
    }
    kfree(arguments->bytes);
    arguments->bytes = bytes;
    arguments->size += size - first;
    arguments->count += (argument ? 3 : 2) - (first > 0);
    return 0;
}

// Finds the program to run: a path's file or, if that is a script, its interpreter's.
static int find_program(struct inode *base, const char *path, struct exec_strings *arguments,
                        struct image *image, char *head)
{
    char *script = NULL; // the path of an interpreter that is a script itself
    int error = open_file(base, path, image, head);
    for (unsigned depth = 0; error == 0 && head[0] == '#' && head[1] == '!'; depth++) {
        char *interpreter, *argument;
        error = depth == SCRIPT_DEPTH_MAX ? -ELOOP : parse_script(head, &interpreter, &argument);
        if (error == 0) {
            error = script_arguments(arguments, interpreter, argument, script ? script : path);
        }
        if (error) {
            break;
        }
        close_file(image);
        kfree(script);
        script = kmalloc(strlen(interpreter) + 1);
        if (!script) {
            return -ENOMEM;
        }
        strlcpy(script, interpreter, HEAD_SIZE);
        error = open_file(process_current()->directory, script, image, head);
    }
    kfree(script);
    return error;
}

// ---- The address space ----

static int map_segments(struct image *image, struct region_source *source)
{
    for (unsigned i = 0; i < image->plan.segment_count; i++) {
        const struct elf_segment *segment = &image->plan.segments[i];
        bool has_file = segment->file_end > segment->start;
        struct region region = {
            .end = segment->end - segment->start,
            .rights = (segment->write ? PAGE_WRITE : 0) | (segment->execute ? PAGE_EXECUTE : 0),
            .kind = REGION_PRIVATE,
            .source = has_file ? source : NULL,
            .offset = segment->offset,
            .source_end = segment->file_end - segment->start,
        };
        virt_t start = segment->start;
        int error = address_space_map(image->space, &start, &region, false);
        if (error) {
            return error;
        }
    }
    image->space->heap_start = image->space->heap_end = image->plan.end;
    return 0;
}

static int load(struct image *image, const char *head)
{
    uint64_t offset, file_size = image->inode->size;
    int count = file_size < ELF_HEADER_SIZE ? -ENOEXEC : elf_check_header(head, file_size, &offset);
    if (count < 0) {
        return count;
    }
    size_t size = (size_t)count * ELF_PROGRAM_HEADER_SIZE;
    char *headers = kmalloc(size);
    if (!headers) {
        return -ENOMEM;
    }
    int64_t read = file_source_read(image->inode, headers, size, offset);
    int error = read < 0 ? (int)read
                : read < (int64_t)size
                    ? -ENOEXEC // cut meanwhile
                    : elf_plan(head, headers, (unsigned)count, file_size, RELOCATABLE_BASE,
                               USER_START, STACK_TOP - USER_STACK_MAX, &image->plan);
    kfree(headers);
    if (error) {
        return error;
    }
    error = address_space_create(&image->space);
    if (error) {
        return error;
    }
    struct region_source *source = program_source(image->inode);
    if (!source) {
        return -ENOMEM;
    }
    error = map_segments(image, source);
    source->release(source);
    return error;
}

// ---- The stack (System V ABI, AMD64 supplement, 3.4.1) ----
//
//      STACK_TOP
//                      8 bytes of zeroes
//                      the path, the environment's strings, the arguments'
//                      16 random bytes, "x86_64"
//                      auxiliary vector, a pair for each entry
//                      pointers to the environment's strings, 0
//                      pointers to the arguments, 0
//      RSP             how many arguments

// Writes an address for each string that lies one behind the other from `address` on, and a 0.
// Returns where to write next.
static uint64_t *write_pointers(uint64_t *to, const struct exec_strings *strings, uint64_t address)
{
    const char *string = strings->bytes;
    for (size_t i = 0; i < strings->count; i++) {
        size_t size = strlen(string) + 1;
        *to++ = address;
        string += size;
        address += size;
    }
    *to++ = 0;
    return to;
}

static uint32_t cpu_features(void)
{
    uint32_t a = CPUID_FEATURES, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return d;
}

static int build_stack(struct image *image, const char *path, const struct exec_strings *arguments,
                       const struct exec_strings *environment)
{
    const struct elf_plan *plan = &image->plan;
    size_t path_size = strlen(path) + 1;
    uint64_t path_start = STACK_TOP - sizeof(uint64_t) - path_size;
    uint64_t environment_start = path_start - environment->size;
    uint64_t arguments_start = environment_start - arguments->size;
    uint64_t random = arguments_start - RANDOM_SIZE, platform = random - sizeof(PLATFORM);
    const uint64_t vector[] = {
        AT_PHDR, plan->headers, AT_PHENT, ELF_PROGRAM_HEADER_SIZE, AT_PHNUM, plan->header_count,
        AT_PAGESZ, PAGE_SIZE, AT_BASE, 0, AT_FLAGS, 0, AT_ENTRY, plan->entry, AT_UID, 0, AT_EUID, 0,
        AT_GID, 0, AT_EGID, 0, AT_SECURE, 0, AT_CLKTCK, TIMES_TICK_HZ, AT_HWCAP, cpu_features(),
        AT_RANDOM, random, AT_PLATFORM, platform, AT_EXECFN, path_start, AT_NULL, 0,
    };
    size_t words = 1 + arguments->count + 1 + environment->count + 1 + ARRAY_LENGTH(vector);
    image->stack = (platform - words * sizeof(uint64_t)) & ~15ul;
    size_t size = STACK_TOP - image->stack;
    char *bytes = kcalloc(1, size);
    if (!bytes) {
        return -ENOMEM;
    }
#define PLACE(address) (bytes + ((address)-image->stack))
    uint64_t *next = (uint64_t *)(void *)bytes;
    *next++ = arguments->count;
    next = write_pointers(next, arguments, arguments_start);
    next = write_pointers(next, environment, environment_start);
    memcpy(next, vector, sizeof(vector));
    memcpy(PLACE(platform), PLATFORM, sizeof(PLATFORM));
    random_bytes(PLACE(random), RANDOM_SIZE);
    memcpy(PLACE(arguments_start), arguments->bytes, arguments->size);
    memcpy(PLACE(environment_start), environment->bytes, environment->size);
    memcpy(PLACE(path_start), path, path_size);
#undef PLACE
    virt_t start = (image->stack & ~(PAGE_SIZE - 1ul)) - STACK_ROOM;
    struct region region = {.end = STACK_TOP - start, .rights = PAGE_WRITE, .kind = REGION_STACK};
    int error = address_space_map(image->space, &start, &region, false);
    if (error == 0 && copy_to_user(image->stack, bytes, size) != 0) {
        error = -ENOMEM; // for its pages: nothing else can be wrong with them
    }
    kfree(bytes);
    return error;
}

// ---- The change ----

static void use_address_space(struct process *process, struct address_space *space)
{
    bool interrupts = cpu_save_interrupts();
    process->address_space = space;
    process_activate(process);
    if (!space) { // the first program of a process could not be had, and its memory is to go
        address_space_activate(NULL);
    }
    cpu_restore_interrupts(interrupts);
}

// Nothing can fail any more. The stack and the arguments' strings are the process's from now on.
static void commit(struct process *process, struct image *image, const char *path,
                   struct exec_strings *arguments)
{
    const char *slash = strrchr(path, '/');
    strlcpy(process->thread.name, slash ? slash + 1 : path, sizeof(process->thread.name));
    descriptors_exec(process->descriptors);
    signal_exec();
    bool interrupts = cpu_save_interrupts(); // /proc shows them to others
    char *old_line = process->command_line, *old_path = process->executable;
    process->command_line = arguments->bytes;
    process->command_line_size = arguments->size;
    process->executable = image->path;
    cpu_restore_interrupts(interrupts);
    kfree(old_line);
    kfree(old_path);
    arguments->bytes = NULL;
    image->path = NULL;
    process->clear_child_tid = 0;
    process->fs_base = process->gs_base = 0;
    user_mode_set_bases(0, 0);
    interrupts = cpu_save_interrupts(); // a switch would save the old program's once more
    fpu_reset(process->fpu);
    fpu_load(process->fpu);
    cpu_restore_interrupts(interrupts);
    *process_frame(process) = (struct trap_frame){
        .vector = TRAP_LOAD_ALL,
        .rip = image->plan.entry,
        .rsp = image->stack,
    };
}

// Fills the new address space, as the process's current one, and makes it the process's own.
static int replace(struct image *image, const char *path, struct exec_strings *arguments,
                   struct exec_strings *environment)
{
    struct process *process = process_current();
    struct address_space *old = process->address_space;
    if (!process->fpu) {
        process->fpu = kmalloc(sizeof(*process->fpu));
        if (!process->fpu) {
            return -ENOMEM;
        }
        fpu_reset(process->fpu); // it is loaded, before it has ever been saved
    }
    use_address_space(process, image->space);
    int error = build_stack(image, path, arguments, environment);
    if (error) {
        use_address_space(process, old);
        return error;
    }
    image->space = old;
    commit(process, image, path, arguments);
    return 0;
}

int exec(struct inode *base, const char *path, struct exec_strings *arguments,
         struct exec_strings *environment)
{
    struct image image = {0};
    char head[HEAD_SIZE];
    int error = find_program(base, path, arguments, &image, head);
    if (error == 0) {
        error = load(&image, head);
    }
    if (error == 0) {
        error = replace(&image, path, arguments, environment);
    }
    close_file(&image);
    address_space_destroy(image.space);
    kfree(arguments->bytes);
    kfree(environment->bytes);
    return error;
}
