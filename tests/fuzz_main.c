/* Stands in for libFuzzer: runs LLVMFuzzerTestOneInput over the files, and the files of the folders, that it
 * is given. */
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(st.st_mode)) {
        struct glc_map map;
        if (glc_map_path(path, &map) != GLC_OK) {
            perror(path);
            return 1;
        }
        /* A copy of exactly the size, so that a read past the end is seen by the sanitizer. */
        uint8_t *copy = malloc(map.bytes.len + (map.bytes.len == 0));
        if (copy == NULL)
            return 1;
        if (map.bytes.len != 0)
            memcpy(copy, map.bytes.ptr, map.bytes.len);
        (void)LLVMFuzzerTestOneInput(copy, map.bytes.len);
        free(copy);
        glc_map_done(&map);
        return 0;
    }
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 1;
    int failed = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        char name[4096];
        if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) < (int)sizeof name)
            failed |= replay(name);
    }
    closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    return failed;
}
