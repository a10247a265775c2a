#include "kernel/cpu/percpu.h"

struct percpu percpu;
