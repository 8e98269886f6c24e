#include "scan/verdict.h"

const char *glc_verdict_name(enum glc_verdict v)
{
    switch (v) {
    case GLC_CLEAN:
        return "clean";
    case GLC_FOUND:
        return "found";
    case GLC_UNSCANNED:
        return "unscanned";
    }
    return "unscanned";
}
