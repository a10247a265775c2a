// sync: has all that was written safe on the disk.
#include <unistd.h>

int main(void)
{
    sync();
    return 0;
}
