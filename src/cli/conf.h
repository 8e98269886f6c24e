/* The configuration file: lines of `key = value`, `#` begins a comment. Every error is told with its line. */
#ifndef GLC_CLI_CONF_H
#define GLC_CLI_CONF_H

#include "base/err.h"

#include <stdbool.h>

enum { GLC_CONF_LIST = 256 };

struct glc_conf {
    const char *signatures[GLC_CONF_LIST];
    unsigned signature_count;
    const char *exclude[GLC_CONF_LIST];
    unsigned excludes;
    bool one_file_system;
    uint64_t max_filesize; /* 0: no limit */
    uint64_t timeout;      /* seconds a file; 0: none */
    unsigned jobs;         /* 0: as many as there are processors */
    char *text;            /* owns the strings */
};

/* $GLACIS_CONF, or /etc/glacis/glacis.conf where there is one. GLC_CORRUPT, GLC_IO: told on standard error.
 */
enum glc_err glc_conf_load(struct glc_conf *c) GLC_CHECK;
enum glc_err glc_conf_parse(struct glc_conf *c, const char *file, char *text) GLC_CHECK;
void glc_conf_done(struct glc_conf *c);

#endif
