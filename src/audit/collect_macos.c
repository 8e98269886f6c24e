/* macOS: bundle identifiers from Info.plist and receipts, and Team IDs where a bundle writes them: its
 * property lists, its CodeResources, and the signed programs in Contents/MacOS (the Team ID is plain text in
 * the code directory). */
#include "audit/collect.h"
#include "audit/plist.h"

/* A Team ID stands alone: no letter or digit on either side. */
static void teams(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    for (size_t i = a->reg->first[GLC_FACT_TEAM]; i < a->reg->first[GLC_FACT_TEAM + 1]; i++) {
        const struct glc_reg_signal *s = &a->reg->signals[i];
        for (size_t k = 0; k < s->patterns.count; k++) {
            struct glc_span needle = glc_span_str(s->patterns.at[k]);
            size_t at = glc_span_find(bytes, needle);
            if (at == SIZE_MAX)
                continue;
            bool alone = (at == 0 || !glc_ascii_isalnum(bytes.ptr[at - 1])) &&
                         (at + needle.len == bytes.len || !glc_ascii_isalnum(bytes.ptr[at + needle.len]));
            if (alone)
                glc_audit_say(a, GLC_FACT_TEAM, s->patterns.at[k], path);
        }
    }
}

void glc_take_macos(struct glc_audit *a, const char *path, struct glc_span bytes)
{
    teams(a, path, bytes);
    if (!glc_path_ends(path, ".plist"))
        return;
    bool receipt = strstr(path, "/receipts/") != NULL;
    struct glc_buf id;
    glc_buf_init(&id, 65536);
    enum glc_err e = glc_plist_string(bytes, receipt ? "PackageIdentifier" : "CFBundleIdentifier", &id);
    if (e == GLC_OK && id.len > 1)
        glc_audit_say(a, receipt ? GLC_FACT_RECEIPT : GLC_FACT_BUNDLE, (const char *)id.ptr, path);
    else if (e != GLC_OK)
        glc_audit_gap(a, path, "the property list is damaged");
    glc_buf_done(&id);
}
