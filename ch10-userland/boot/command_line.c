#include "boot/command_line.h"

#include "boot/disk.h"
#include "boot/image.h"
#include "boot/layout.h"
#include "boot/print.h"
#include "boot/start.h"

// At the end of the sector (boot.ld).
extern const uint32_t boot_area_end_mark;

void command_line_read(uint32_t drive)
{
    disk_read(drive, (uint32_t)last_lba, 1, SECTOR_BUFFER);
    if (boot_area_end_mark != BOOT_AREA_END_MARK) {
        print("boot: the image on this disk is not whole; copy all of it\n");
        halt();
    }
    command_line[COMMAND_LINE_SIZE - 1] = '\0';
    print("command line: \"");
    print(command_line);
    print("\"\n");
}
