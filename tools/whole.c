/* Does a program link with all libraries in it? One function of each that glacis and glacis-worker use
 * (meson.build). */
#include <archive.h>
#include <bzlib.h>
#include <expat.h>
#include <ext2fs/ext2fs.h>
#include <jansson.h>
#include <libdeflate.h>
#include <lzma.h>
#include <magic.h>
#include <math.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <sqlite3.h>
#include <zlib.h>
#include <zstd.h>

int main(int argc, char **argv)
{
    static void *const used[] = {
        (void *)archive_read_new,
        (void *)archive_read_support_format_7zip,
        (void *)archive_read_support_format_cab,
        (void *)archive_read_support_format_iso9660,
        (void *)archive_read_support_format_rar,
        (void *)archive_read_support_format_rar5,
        (void *)archive_read_support_format_raw,
        (void *)archive_read_support_filter_all,
        (void *)archive_read_open_filename,
        (void *)BZ2_bzDecompress,
        (void *)XML_Parse,
        (void *)ext2fs_open,
        (void *)json_loadb,
        (void *)libdeflate_deflate_decompress,
        (void *)lzma_stream_decoder,
        (void *)magic_load,
        (void *)pow,
        (void *)EVP_MD_fetch,
        (void *)d2i_PKCS7,
        (void *)sqlite3_open_v2,
        (void *)inflate,
        (void *)ZSTD_decompressStream,
    };
    return used[argc % (int)(sizeof used / sizeof *used)] == (void *)argv;
}
