// ps: the processes there are.
#include "user/libc/command.h"
#include "user/libc/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Where a process sleeps; "-" where that is not told. On the heap.
static char *waits_for(int pid)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
    char *text = proc_read(path);
    if (text == NULL || *text == '\0' || strcmp(text, "0") == 0) {
        free(text);
        return must_strdup("-");
    }
    text[strcspn(text, "\n")] = '\0';
    return text;
}

int main(int argc, char **argv)
{
    bool long_form = false;
    // All are always shown: letters of other systems that say so are taken, with and without '-'.
    for (int i = 1; i < argc; i++) {
        const char *letters = argv[i] + (argv[i][0] == '-');
        if (letters[strspn(letters, "aAdefluwxj")] != '\0' || *letters == '\0') {
            dprintf(STDERR_FILENO, "ps: invalid option '%s'\n", argv[i]);
            command_usage("ps [-l]");
        }
        long_form |= strchr(letters, 'l') != NULL;
    }
    size_t count;
    struct proc_process *processes = proc_processes(&count);
    if (processes == NULL) {
        return 1;
    }
    struct output *out = output_open(STDOUT_FILENO);
    output_text(out, "  PID  PPID  PGID S     TIME ");
    output_text(out, long_form ? "    RSS WAITS FOR        COMMAND\n" : "COMMAND\n");
    for (size_t i = 0; i < count; i++) {
        const struct proc_process *process = &processes[i];
        unsigned seconds = (unsigned)(process->ticks / PROC_TICKS);
        output_format(out, "%5d %5d %5d %c %02u:%02u:%02u ", process->pid, process->parent,
                      process->group, process->state, seconds / 3600, seconds / 60 % 60,
                      seconds % 60);
        if (long_form) {
            char *where = waits_for(process->pid);
            output_format(out, "%7llu %-16.16s ",
                          (unsigned long long)(process->resident * PROC_PAGE / 1024), where);
            free(where);
        }
        // What is no program's, and what has ended, has no command line.
        output_format(out, process->command != NULL ? "%s" : "[%s]",
                      process->command != NULL ? process->command : process->name);
        output_text(out, process->state == 'Z' ? " <defunct>\n" : "\n");
    }
    proc_free(processes, count);
    return output_close(out);
}
