/* Targets that are one file (or the folder of an OCI layout): opened here, walked in the jail. */
#include "audit/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void whole(struct glc_audit *a, struct glc_reader *r, enum glc_whole what, const char *kind,
                  const char *path)
{
    struct stat st;
    glc_audit_begin(a, kind, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0)
        glc_audit_gap(a, path, "it cannot be read: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode) && !(S_ISDIR(st.st_mode) && what == GLC_WHOLE_IMAGE))
        glc_audit_gap(a, path, "it cannot be read: it is no file");
    else
        glc_reader_whole(r, what, fd, path);
    if (fd >= 0)
        close(fd);
    glc_audit_end(a);
}

void glc_target_image(struct glc_audit *a, struct glc_reader *r, const char *path)
{
    whole(a, r, GLC_WHOLE_IMAGE, "image", path);
}

void glc_target_disk(struct glc_audit *a, struct glc_reader *r, const char *path)
{
    whole(a, r, GLC_WHOLE_DISK, "disk", path);
}

void glc_target_sbom(struct glc_audit *a, struct glc_reader *r, const char *path)
{
    whole(a, r, GLC_WHOLE_SBOM, "sbom", path);
}

void glc_target_settings(struct glc_audit *a, struct glc_reader *r, const char *path)
{
    whole(a, r, GLC_WHOLE_SETTINGS, "settings", path);
}
