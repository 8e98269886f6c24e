/* Container images and archives of root file systems, by libarchive.
 *
 * docker save: manifest.json [{Config, RepoTags, Layers}]. OCI: index.json → manifest → config and layers as
 * blobs/ALG/HEX; an archive or a folder. Layers are walked from the last to the first, with what upper layers
 * replaced or whited out (.wh.NAME, .wh..wh..opq; OCI image-spec, layer.md) in a set: a lower entry in it, or
 * below a name in it, is deleted, and its facts are residual. An archive is read again for every layer,
 * skipping what lies between.
 *
 * Threat: archives that unpack without end. One budget goes over a whole image; hitting it is a gap. */
#include "audit/walk.h"
#include "base/budget.h"

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_DOCUMENT = 16 << 20,
    MAX_LAYERS = 512,
    MAX_LOOKS = 8192, /* times that the archive may be searched for a file */
    MAX_LINKS = 4,
    CHUNK = 65536
};

struct image {
    struct glc_audit *a;
    const char *path;
    struct glc_span bytes;                /* of the archive */
    const struct glc_walk_folder *folder; /* an OCI layout folder, or NULL */
    struct glc_names hidden;              /* paths that an upper layer replaced or deleted */
    struct glc_names opaque;              /* folders below which lower layers do not show */
    struct glc_budget budget;
    uint64_t looks;
};

/* What libarchive reads from: a file, or the current entry of another archive. */
struct source {
    struct archive *outer;
    uint8_t chunk[CHUNK];
};

/* Only what libarchive unpacks itself: for other forms it would start programs. */
static void support(struct archive *ar)
{
    archive_read_support_filter_gzip(ar);
    archive_read_support_filter_bzip2(ar);
    archive_read_support_filter_compress(ar);
    archive_read_support_filter_lzma(ar);
    archive_read_support_filter_xz(ar);
    archive_read_support_filter_lzip(ar);
    archive_read_support_filter_lz4(ar);
    archive_read_support_filter_zstd(ar);
    archive_read_support_format_tar(ar);
}

static struct archive *open_archive(struct glc_span bytes)
{
    struct archive *ar = archive_read_new();
    if (ar == NULL)
        return NULL;
    support(ar);
    archive_read_support_format_cpio(ar);
    if (archive_read_open_memory(ar, bytes.ptr, bytes.len) != ARCHIVE_OK) {
        archive_read_free(ar);
        return NULL;
    }
    return ar;
}

/* "./a//b/../c/" to "/a/c", as inside a root: nothing lies above it. False for what does not fit, and for the
 * root itself. */
static bool clean_path(const char *from, char *to, size_t room)
{
    size_t n = 0;
    while (*from != '\0') {
        size_t len = strcspn(from, "/");
        if (len == 2 && from[0] == '.' && from[1] == '.') {
            while (n != 0 && to[--n] != '/')
                ;
        } else if (len != 0 && !(len == 1 && from[0] == '.')) {
            if (room - n < 2 || len > room - n - 2)
                return false;
            to[n++] = '/';
            memcpy(to + n, from, len);
            n += len;
        }
        from += len + (from[len] == '/');
    }
    to[n] = '\0';
    return n != 0;
}

/* Images can name files without end, and each is a search through the archive. */
static bool may_look(struct image *im)
{
    if (im->looks++ < MAX_LOOKS)
        return true;
    if (im->looks == MAX_LOOKS + 1)
        glc_audit_gap(im->a, im->path, "the image names more files than are looked for");
    return false;
}

/* The entry of that name in the archive, positioned for reading its data. */
static struct archive *seek_entry(struct image *im, const char *name, int links)
{
    struct archive_entry *e;
    if (!may_look(im))
        return NULL;
    struct archive *ar = open_archive(im->bytes);
    while (ar != NULL && archive_read_next_header(ar, &e) == ARCHIVE_OK) {
        char path[4096];
        const char *raw = archive_entry_pathname(e);
        if (raw != NULL && clean_path(raw, path, sizeof path) && strcmp(path + 1, name) == 0) {
            const char *link = archive_entry_symlink(e);
            if (link == NULL)
                return ar;
            /* docker save before 25 links equal layers: ../ID/layer.tar */
            struct archive *to =
                strncmp(link, "../", 3) == 0 && links != 0 ? seek_entry(im, link + 3, links - 1) : NULL;
            archive_read_free(ar);
            return to;
        }
    }
    if (ar != NULL)
        archive_read_free(ar);
    return NULL;
}

static bool read_all(struct archive *ar, struct glc_buf *out)
{
    for (;;) {
        uint8_t *to = glc_buf_reserve(out, CHUNK);
        la_ssize_t n = to != NULL ? archive_read_data(ar, to, CHUNK) : -1;
        if (n <= 0)
            return n == 0;
        out->len += (size_t)n;
    }
}

/* A JSON document of the image, or NULL. */
static json_t *document(struct image *im, const char *name)
{
    struct glc_buf text;
    bool ok = false;
    glc_buf_init(&text, MAX_DOCUMENT + CHUNK);
    if (im->folder != NULL) {
        struct glc_span s;
        if (may_look(im) && im->folder->open(im->folder->ctx, name, &s)) {
            ok = s.len <= MAX_DOCUMENT && glc_buf_put(&text, s.ptr, s.len);
            im->folder->close(im->folder->ctx, s);
        }
    } else {
        struct archive *ar = seek_entry(im, name, MAX_LINKS);
        ok = ar != NULL && read_all(ar, &text);
        if (ar != NULL)
            archive_read_free(ar);
    }
    json_t *o = ok ? json_loadb((const char *)text.ptr, text.len, 0, NULL) : NULL;
    glc_buf_done(&text);
    return o;
}

static la_ssize_t from_outer(struct archive *ar, void *ctx, const void **buffer)
{
    struct source *s = ctx;
    (void)ar;
    *buffer = s->chunk;
    return archive_read_data(s->outer, s->chunk, sizeof s->chunk);
}

/* Hidden by an upper layer: the path itself, a folder above it, or an opaque folder above it. */
static bool is_hidden(const struct image *im, const char *path)
{
    size_t n = strlen(path);
    if (glc_names_has(&im->hidden, glc_span(path, n)))
        return true;
    while (n > 1) {
        while (n > 0 && path[n - 1] != '/')
            n--;
        n -= n != 0;
        if (glc_names_has(&im->opaque, glc_span(path, n)) ||
            (n != 0 && glc_names_has(&im->hidden, glc_span(path, n))))
            return true;
    }
    return false;
}

struct entry_source {
    struct archive *ar;
    struct image *im;
};

static enum glc_err read_entry(const struct glc_entry *e, struct glc_buf *out)
{
    const struct entry_source *s = e->ctx;
    if (e->type == GLC_ENTRY_LINK)
        return GLC_UNSUPPORTED;
    for (;;) {
        size_t room = out->cap - out->len;
        if (room == 0)
            return GLC_LIMIT;
        uint8_t *to = glc_buf_reserve(out, room < CHUNK ? room : CHUNK);
        if (to == NULL)
            return GLC_NOMEM;
        la_ssize_t n = archive_read_data(s->ar, to, room < CHUNK ? room : CHUNK);
        if (n < 0)
            return GLC_CORRUPT;
        if (n == 0)
            return GLC_OK;
        out->len += (size_t)n;
        if (!glc_budget_bytes(&s->im->budget, (uint64_t)n))
            return GLC_LIMIT;
    }
}

/* What this layer will hide from those below; taken over when the layer has ended. */
struct pending {
    struct glc_names hidden, opaque;
};

static void layer_entry(struct image *im, struct archive *ar, struct archive_entry *e, struct pending *p,
                        uint64_t left)
{
    char path[4096];
    const char *raw = archive_entry_pathname(e);
    if (raw == NULL || strlen(raw) >= sizeof path - 1) {
        glc_audit_gap(im->a, im->a->layer, "a file's name cannot be read, or is too long");
        return;
    }
    if (!clean_path(raw, path, sizeof path))
        return; /* the root itself */
    char *base = strrchr(path, '/') + 1;
    if (strcmp(base, ".wh..wh..opq") == 0) {
        base[-1] = '\0';
        glc_names_add(&p->opaque, glc_span_str(path));
        return;
    }
    if (strncmp(base, ".wh.", 4) == 0) {
        memmove(base, base + 4, strlen(base + 4) + 1);
        glc_names_add(&p->hidden, glc_span_str(path));
        return;
    }
    mode_t type = archive_entry_filetype(e);
    struct entry_source s = { ar, im };
    struct glc_entry entry = { .path = path, .read = read_entry, .ctx = &s, .size = left };
    entry.type = archive_entry_symlink(e) != NULL ? GLC_ENTRY_LINK
                 : type == AE_IFDIR               ? GLC_ENTRY_DIR
                 : type == AE_IFREG               ? GLC_ENTRY_FILE
                                                  : GLC_ENTRY_OTHER;
    entry.link = archive_entry_symlink(e);
    if (archive_entry_hardlink(e) != NULL)
        entry.type = GLC_ENTRY_OTHER; /* its content was read under its first name */
    im->a->layer_state = is_hidden(im, path) ? GLC_FACT_DELETED : GLC_FACT_PRESENT;
    glc_collect_entry(im->a, &entry);
    if (type != AE_IFDIR)
        glc_names_add(&p->hidden, glc_span_str(path));
}

static void take_over(struct glc_names *to, const struct glc_names *from)
{
    for (size_t i = 0; i < from->room; i++)
        if (from->slots[i].ptr != NULL)
            glc_names_add(to, from->slots[i]);
}

/* Every entry of one layer. False, with a gap, when it cannot be read to its end. */
static bool walk_layer(struct image *im, struct archive *ar, const char *name)
{
    struct pending p;
    struct archive_entry *e;
    int rc;
    glc_names_init(&p.hidden, &im->a->arena);
    glc_names_init(&p.opaque, &im->a->arena);
    im->a->layer = glc_arena_strdup(&im->a->arena, glc_span_str(name));
    while ((rc = archive_read_next_header(ar, &e)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
        uint64_t size = archive_entry_size_is_set(e) ? (uint64_t)archive_entry_size(e) : UINT64_MAX;
        if (!glc_budget_entry(&im->budget) || im->budget.hit != NULL)
            break;
        layer_entry(im, ar, e, &p, size);
    }
    take_over(&im->hidden, &p.hidden);
    take_over(&im->opaque, &p.opaque);
    im->a->layer_state = GLC_FACT_PRESENT;
    if (rc != ARCHIVE_EOF)
        glc_audit_gap(im->a, name, "the layer cannot be read to its end: %s",
                      im->budget.hit != NULL             ? im->budget.hit
                      : archive_error_string(ar) != NULL ? archive_error_string(ar)
                                                         : "damaged");
    im->a->layer = NULL;
    return rc == ARCHIVE_EOF;
}

static void layer(struct image *im, const char *name)
{
    struct archive *inner = archive_read_new();
    struct source *s = calloc(1, sizeof *s);
    struct glc_span bytes = { 0 };
    bool found = false, opened = false;
    if (inner != NULL && s != NULL) {
        support(inner);
        archive_read_support_format_empty(inner);
        if (im->folder != NULL) {
            found = may_look(im) && im->folder->open(im->folder->ctx, name, &bytes);
            opened = found && archive_read_open_memory(inner, bytes.ptr, bytes.len) == ARCHIVE_OK;
        } else {
            s->outer = seek_entry(im, name, MAX_LINKS);
            opened = s->outer != NULL && archive_read_open(inner, s, NULL, from_outer, NULL) == ARCHIVE_OK;
        }
    }
    if (opened)
        walk_layer(im, inner, name);
    else
        glc_audit_gap(im->a, name, "the layer is missing or cannot be opened");
    if (inner != NULL)
        archive_read_free(inner);
    if (s != NULL && s->outer != NULL)
        archive_read_free(s->outer);
    if (found)
        im->folder->close(im->folder->ctx, bytes);
    free(s);
}

/* docker.io/library/NAME:tag to NAME; a registry's host other than docker's stays. */
static void image_name(struct image *im, const char *tag)
{
    char name[512];
    if (strncmp(tag, "docker.io/", 10) == 0)
        tag += 10;
    snprintf(name, sizeof name, "%s", tag);
    char *colon = strrchr(name, ':');
    if (colon != NULL && strchr(colon, '/') == NULL)
        *colon = '\0';
    glc_audit_say(im->a, GLC_FACT_IMAGE, name, "image name");
}

static void configuration(struct image *im, const char *name)
{
    json_t *o = document(im, name), *line;
    size_t i;
    const json_t *config = json_object_get(o, "config");
    if (o == NULL)
        glc_audit_gap(im->a, name, "the image's configuration cannot be read");
    json_array_foreach(json_object_get(config, "Env"), i, line)
    {
        char env[128];
        const char *s = json_string_value(line);
        if (s != NULL && strcspn(s, "=") < sizeof env) {
            snprintf(env, sizeof env, "%.*s", (int)strcspn(s, "="), s);
            glc_audit_say(im->a, GLC_FACT_ENV, env, "image configuration");
        }
    }
    json_decref(o);
}

static void layers_down(struct image *im, const char *const *names, size_t n)
{
    if (n == 0)
        glc_audit_gap(im->a, im->path, "the image has no layers");
    while (n-- != 0)
        layer(im, names[n]);
}

/* One image of a docker save archive. */
static void docker_image(struct image *im, const json_t *o)
{
    const char *names[MAX_LAYERS];
    size_t n = 0, i;
    json_t *v;
    json_array_foreach(json_object_get(o, "RepoTags"), i, v) if (json_is_string(v))
        image_name(im, json_string_value(v));
    if (json_is_string(json_object_get(o, "Config")))
        configuration(im, json_string_value(json_object_get(o, "Config")));
    json_array_foreach(json_object_get(o, "Layers"), i, v) if (json_is_string(v) && n < MAX_LAYERS)
        names[n++] = json_string_value(v);
    layers_down(im, names, n);
}

/* sha256:HEX to blobs/sha256/HEX. */
static bool blob_name(const json_t *descriptor, char *out, size_t room)
{
    const char *digest = json_string_value(json_object_get(descriptor, "digest"));
    const char *colon = digest != NULL ? strchr(digest, ':') : NULL;
    if (colon == NULL || strspn(colon + 1, "0123456789abcdefABCDEF") != strlen(colon + 1) ||
        strspn(digest, "abcdefghijklmnopqrstuvwxyz0123456789+._-") != (size_t)(colon - digest))
        return false;
    return snprintf(out, room, "blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1) < (int)room;
}

static void oci_layers(struct image *im, const json_t *manifest)
{
    char *names[MAX_LAYERS];
    size_t n = 0, i;
    json_t *v;
    char blob[256];
    if (blob_name(json_object_get(manifest, "config"), blob, sizeof blob))
        configuration(im, blob);
    json_array_foreach(json_object_get(manifest, "layers"), i, v)
    {
        const char *type = json_string_value(json_object_get(v, "mediaType"));
        if (type != NULL && strstr(type, "encrypted") != NULL)
            glc_audit_gap(im->a, im->path, "a layer is encrypted");
        else if (!blob_name(v, blob, sizeof blob) || n == MAX_LAYERS)
            glc_audit_gap(im->a, im->path, "a layer's name is damaged");
        else if ((names[n] = glc_arena_strdup(&im->a->arena, glc_span_str(blob))) != NULL)
            n++;
    }
    layers_down(im, (const char *const *)names, n);
}

/* An index names manifests, or further indexes (one per platform). */
static void oci_index(struct image *im, const json_t *index, int depth)
{
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(index, "manifests"), i, d)
    {
        char blob[256];
        /* Build attestations lie beside images and have no file system. */
        if (json_object_get(json_object_get(d, "annotations"), "vnd.docker.reference.type") != NULL)
            continue;
        const char *ref = json_string_value(
            json_object_get(json_object_get(d, "annotations"), "org.opencontainers.image.ref.name"));
        const char *name =
            json_string_value(json_object_get(json_object_get(d, "annotations"), "io.containerd.image.name"));
        if (name != NULL || ref != NULL)
            image_name(im, name != NULL ? name : ref);
        json_t *o = blob_name(d, blob, sizeof blob) ? document(im, blob) : NULL;
        if (o == NULL || depth == 4)
            glc_audit_gap(im->a, im->path, "a manifest is missing or damaged");
        else if (json_is_array(json_object_get(o, "manifests")))
            oci_index(im, o, depth + 1);
        else
            oci_layers(im, o);
        json_decref(o);
        glc_names_init(&im->hidden, &im->a->arena);
        glc_names_init(&im->opaque, &im->a->arena);
    }
}

/* An archive that is no container image: one root file system. */
static void plain_archive(struct image *im)
{
    struct archive *ar = open_archive(im->bytes);
    uint64_t before = im->a->targets[im->a->ntargets - 1].entries;
    if (ar == NULL) {
        glc_audit_gap(im->a, im->path, "cannot be read, or is no archive");
        return;
    }
    walk_layer(im, ar, "archive");
    if (im->a->targets[im->a->ntargets - 1].entries == before)
        glc_audit_gap(im->a, im->path, "the archive is empty or damaged");
    archive_read_free(ar);
}

void glc_walk_image(struct glc_audit *a, const char *name, struct glc_span bytes,
                    const struct glc_walk_folder *folder)
{
    struct image im = { .a = a, .path = name, .bytes = bytes, .folder = folder };
    glc_budget_init(&im.budget);
    im.budget.bytes = (uint64_t)64 << 30;
    im.budget.entries = 20000000;
    glc_names_init(&im.hidden, &a->arena);
    glc_names_init(&im.opaque, &a->arena);
    json_t *docker = folder != NULL ? NULL : document(&im, "manifest.json");
    json_t *index = docker == NULL ? document(&im, "index.json") : NULL;
    size_t i;
    json_t *o;
    if (json_is_array(docker)) {
        json_array_foreach(docker, i, o)
        {
            glc_names_init(&im.hidden, &a->arena);
            glc_names_init(&im.opaque, &a->arena);
            docker_image(&im, o);
        }
    } else if (json_is_object(index)) {
        oci_index(&im, index, 0);
    } else if (folder != NULL) {
        glc_audit_gap(a, name, "the folder is no OCI image layout: index.json is missing or damaged");
    } else {
        plain_archive(&im);
    }
    json_decref(docker);
    json_decref(index);
}
