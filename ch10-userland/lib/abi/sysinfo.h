// sysinfo: how busy the machine is, and how much memory it has.
#ifndef RUNG_LIB_ABI_SYSINFO_H
#define RUNG_LIB_ABI_SYSINFO_H

struct sysinfo {
    long uptime; // seconds
    unsigned long loads[3];
    unsigned long totalram, freeram, sharedram, bufferram, totalswap, freeswap; // in mem_unit
    unsigned short procs, pad;
    unsigned long totalhigh, freehigh;
    unsigned mem_unit; // bytes
};

_Static_assert(sizeof(struct sysinfo) == 112, "as on Linux");

#endif
