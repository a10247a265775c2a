// reboot: restarts the machine, with all that was written safe on the disk.
#include <err.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
    sync();
    if (reboot(RB_AUTOBOOT) != 0) {
        err(1, "cannot");
    }
    return 0;
}
