/* What a command judges by: images that -s names, and what becomes of sources. Knows neither languages nor
 * the compiler, so that a scan by images is a small program. */
#ifndef GLC_CLI_SIGNATURES_H
#define GLC_CLI_SIGNATURES_H

#include "base/file.h"
#include "format/module/modules.h"
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

/* `fd` becomes the next image; it is owned from now on. Tells on standard error what is wrong with it. */
enum glc_err glc_signatures_add(struct glc_signatures *s, int fd, const char *name) GLC_CHECK;

/* What becomes of sources: glc_sources_add() (cli/sources.h) compiles them. */
typedef enum glc_err glc_signatures_sources(struct glc_signatures *s, const char *const *source,
                                            unsigned sources, const struct glc_build_options *opt);

/* Open what `path` names: images by their first bytes, everything else goes to `sources` in one call. Tells
 * on standard error what is wrong. */
enum glc_err glc_signatures_open(struct glc_signatures *s, const char *const *path, unsigned paths,
                                 const struct glc_build_options *opt,
                                 glc_signatures_sources *sources) GLC_CHECK;
void glc_signatures_done(struct glc_signatures *s);

/* Rules and hash signatures in all of them. A scan by none finds everything clean: commands refuse it. */
uint64_t glc_signatures_count(const struct glc_signatures *s);

/* Does a rule in any of them ask the module? */
bool glc_signatures_ask(const struct glc_signatures *s, enum glc_module_index module);

/* Does the file begin as a compiled image does? */
bool glc_signatures_is_image(const char *path);

/* The starter rules that come with the program: a path that lives as long as the process, or NULL. */
const char *glc_signatures_starter(void);

#endif
