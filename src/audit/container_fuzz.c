/* Container images from any bytes: an archive, or (first byte odd) an OCI layout whose files are the pieces
 * between zero bytes: "NAME\n" and then what it holds. */
#include "audit/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool open_piece(void *ctx, const char *name, struct glc_span *out)
{
    struct glc_span rest = *(struct glc_span *)ctx;
    size_t n = strlen(name);
    while (rest.len != 0) {
        const uint8_t *nul = memchr(rest.ptr, 0, rest.len);
        struct glc_span piece = glc_span_sub(rest, 0, nul != NULL ? (size_t)(nul - rest.ptr) : rest.len);
        if (piece.len > n && memcmp(piece.ptr, name, n) == 0 && piece.ptr[n] == '\n') {
            *out = glc_span_sub(piece, n + 1, piece.len);
            return true;
        }
        rest = glc_span_sub(rest, piece.len + 1, rest.len);
    }
    return false;
}

static void close_piece(void *ctx, struct glc_span s)
{
    (void)ctx;
    (void)s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct glc_register reg = { 0 };
    struct glc_audit a;
    if (size == 0)
        return 0;
    struct glc_span rest = glc_span(data + 1, size - 1);
    const struct glc_walk_folder folder = { open_piece, close_piece, &rest };
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "fuzz", "x");
    if (data[0] % 2 == 1)
        glc_walk_image(&a, "x", glc_span(NULL, 0), &folder);
    else
        glc_walk_image(&a, "x", rest, NULL);
    glc_audit_end(&a);
    glc_audit_done(&a);
    return 0;
}
