/* Writing a small image behind a big one (docs/PROTOCOL.image.md, "Several images in a file"). */
#ifndef GLC_CLI_APPEND_H
#define GLC_CLI_APPEND_H

#include "base/err.h"
#include "base/parts.h"

/* Add `image` to the images of `base`, which end at `end`, and have the result at `path`. Where that is the
 * same file it is written to in place: only the new image and one word. Otherwise the base is copied by the
 * kernel (shared, where the file system can) into a new file that takes the place of `path` at the end.
 * Either way a crash or a reader meets the old set or the new one. GLC_IO with errno; GLC_LIMIT: another
 * process is adding to it, or has. */
enum glc_err glc_append_image(const char *base, uint64_t end, const struct glc_parts *image,
                              const char *path) GLC_CHECK;

#endif
