/* What a command judges by: images and sources named by -s, sources compiled in memory. */
#ifndef GLC_CLI_SIGNATURES_H
#define GLC_CLI_SIGNATURES_H

#include "base/file.h"
#include "image/image.h"
#include "lang/lang.h"

enum { GLC_SIGNATURES_MOST = 60 };

struct glc_signatures {
    int fd[GLC_SIGNATURES_MOST]; /* for workers; read-only or sealed */
    struct glc_map map[GLC_SIGNATURES_MOST];
    uint64_t
        end[GLC_SIGNATURES_MOST]; /* where the images of each end: an addition may be written meanwhile */
    uint32_t fds;
    struct glc_image *image[GLC_SIGNATURES_MOST * GLC_IMAGE_SEGMENTS]; /* of all files, in their order */
    uint32_t n;
    uint32_t files; /* of these, images that were files (the others were compiled here and know -d already) */
};

struct glc_build_options {
    enum glc_dialect dialect;
    const char *const *define; /* "name=value", ended by NULL */
    bool strict;               /* what is not taken is an error */
    bool no_warnings;
    bool fail_on_warnings;
    bool assume_yara;   /* files of any name are YARA rules */
    bool strict_escape; /* warn of escapes in regular expressions that mean nothing */
    bool quiet;         /* diagnostics are counted and not printed */
    bool keep_ir;
    bool pua;           /* files about potentially unwanted programs in folders, too */
    bool limit_strings; /* rules with more than max_strings are errors */
    uint64_t max_strings;
};

struct glc_build_stats {
    uint64_t seen, taken, refused, errors, warnings;
    uint64_t searched, anchored, unwitnessed, hashes, rules;
};

/* Compile sources ("PATH" or "NAMESPACE:PATH") into `out`. Diagnostics go to standard error. GLC_IO: a source
 * cannot be read (told); GLC_CORRUPT: -d is wrong, or with `strict` something was not taken. */
enum glc_err glc_build(const char *const *source, unsigned sources, const struct glc_build_options *opt,
                       struct glc_parts *out, struct glc_build_stats *stats) GLC_CHECK;

/* Open what `path` names: images by their first bytes, everything else as sources, together in one image in
 * memory. Tells on standard error what is wrong. */
enum glc_err glc_signatures_open(struct glc_signatures *s, const char *const *path, unsigned paths,
                                 const struct glc_build_options *opt) GLC_CHECK;
void glc_signatures_done(struct glc_signatures *s);

/* Rules and hash signatures in all of them. A scan by none finds everything clean: commands refuse it. */
uint64_t glc_signatures_count(const struct glc_signatures *s);

/* Does a rule in any of them ask the module? */
bool glc_signatures_ask(const struct glc_signatures *s, const char *module);

/* Does the file begin as a compiled image does? */
bool glc_signatures_is_image(const char *path);

/* The starter rules that come with the program: a path that lives as long as the process, or NULL. */
const char *glc_signatures_starter(void);

#endif
