#include "ext2_exercise.h"

#include "commands.h"

#define COMMANDS 40

static const char *const paths[] = {
    "/", "/.", "/..", "/file", "/dir", "/dir/file", "/dir/../dir/inner", "/sparse", "/link", "/long",
    "/indexed", "/indexed/name 17", "/new", "/dir/new", "/new/new", "/lost+found", "/dir/inner/x",
    "/indexed/new", "/hard",
};

static const char *const offsets[] = {
    "0", "1", "1023", "5000", "12288", "275000", "70000000", "4294967295", "99999999999999",
};

static const char *const patterns[] = {
    "read P 0 100000", "ls P", "stat P", "map P", "readlink P", "read P O 3000", "put =text P", "put 0:30000 P",
    "write P O =overwritten", "write P O 0:5000", "append P =more", "append P 0:20000",
    "truncate P O", "mkdir P", "rmdir P", "rm P", "mv P P", "ln P P", "ln -s target P",
    "fsync P", "sync", "remount", "open H P rwc", "hwrite H 0:3000", "hread H 5000", "hseek H O",
    "htruncate H O", "close H", "info",
};

uint64_t exercise_random(uint64_t *state, uint64_t limit)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15; // splitmix64
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return (value ^ value >> 31) % limit;
}

// A command made of a pattern, with a path for each P, an offset for O and a handle for H.
static void choose_command(uint64_t *state, char *line, size_t size)
{
    char letter[] = "h0";
    const char *pattern = patterns[exercise_random(state, ARRAY_LENGTH(patterns))];

    line[0] = '\0';
    for (; *pattern; pattern++) {
        const char *word = NULL;
        char self[] = {*pattern, '\0'};
        letter[1] = (char)('0' + exercise_random(state, 3));
        switch (*pattern) {
        case 'P':
            word = paths[exercise_random(state, ARRAY_LENGTH(paths))];
            break;
        case 'O':
            word = offsets[exercise_random(state, ARRAY_LENGTH(offsets))];
            break;
        case 'H':
            word = letter;
            break;
        default:
            word = self;
        }
        // The one blank within a name.
        for (const char *c = word; *c; c++) {
            size_t used = strlen(line);
            snprintf(line + used, size - used, *c == ' ' && word != self ? "\\x20" : "%c", *c);
        }
    }
}

bool exercise(void *image, size_t size, uint64_t seed)
{
    static FILE *nowhere;
    struct session session;
    size_t before = host_allocated();
    uint64_t state = seed;

    if (!nowhere) {
        nowhere = fopen("/dev/null", "w");
    }
    host_quiet = true;
    host_time_ns = 1767225600000000000;
    struct host_disk *disk = host_disk_memory(image, size);
    session_init(&session, disk, 0);
    session.out = nowhere;
    session.cache_blocks = CACHE_BLOCKS_MIN;
    session.read_max = 100000;
    session.entries_max = 300;
    bool mounted = session_mount(&session) == 0;
    if (mounted) {
        char line[256] = "tree";
        session_line(&session, line);
        for (unsigned i = 0; i < COMMANDS && session.filesystem; i++) {
            choose_command(&state, line, sizeof(line));
            session_line(&session, line);
        }
        if (session.filesystem) {
            session_unmount(&session);
        }
    }
    host_disk_close(disk);
    if (host_allocated() != before || !host_unlocked()) {
        fprintf(stderr, "%zu pieces of memory, or a lock, were not given back\n",
                host_allocated() - before);
        abort();
    }
    return mounted;
}
