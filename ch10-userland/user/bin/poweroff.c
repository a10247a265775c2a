// poweroff: switches the machine off, with all that was written safe on the disk.
#include <err.h>
#include <sys/reboot.h>
#include <unistd.h>

int main(void)
{
    sync();
    if (reboot(RB_POWER_OFF) != 0) {
        err(1, "cannot");
    }
    return 0;
}
