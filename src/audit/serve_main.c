/* glacis-audit-worker: reads for `glacis audit` what may be hostile. Started by it with a socket as
 * descriptor 3; not for people.
 *
 * glacis-audit-worker --register DIR [--memory BYTES]
 *
 * Everything that must be opened or loaded is, then the jail closes, then the first message is read. */
#include "audit/answer.h"
#include "audit/serve.h"
#include "base/num.h"
#include "jail/jail.h"
#include "wire/mapping.h"

#include <iconv.h>
#include <jansson.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

enum { SOCKET = 3 };

/* A public key makes OpenSSL fetch its decoders: once here, so that it looks for no configuration in the
 * jail. */
static void warm_keys(void)
{
    static const unsigned char key[] = {
        /* SubjectPublicKeyInfo of an Ed25519 key of zeroes */
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    };
    const unsigned char *p = key;
    EVP_PKEY_free(d2i_PUBKEY(NULL, &p, sizeof key));
}

void glc_serve_prepare(void)
{
    /* Names in archives are UTF-8; in the C locale libarchive could not hand them on. */
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        (void)setlocale(LC_CTYPE, "C");
    iconv_t cd = iconv_open("UTF-8", "UTF-16LE");
    if (cd != (iconv_t)-1)
        iconv_close(cd);
    tzset();
    json_object_seed(0);
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
    warm_keys();
    sqlite3 *db = NULL;
    if (sqlite3_initialize() == SQLITE_OK && sqlite3_open(":memory:", &db) == SQLITE_OK)
        (void)sqlite3_exec(db, "SELECT random()", NULL, NULL, NULL);
    sqlite3_close(db);
    glc_mapping_prepare();
}

static void ignore_fault(void *ctx, const char *file, const char *where, const char *what)
{
    (void)ctx;
    (void)file;
    (void)where;
    (void)what;
}

int glc_serve_main(int argc, char **argv, void (*before)(const char *path))
{
    struct glc_jail_options opt = { .keep = SOCKET };
    struct glc_jail_report report = { 0 };
    struct glc_error err = { 0 };
    struct glc_register reg;
    const char *folder = NULL;
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--register") == 0)
            folder = argv[i + 1];
        else if (strcmp(argv[i], "--memory") != 0 || !glc_num_u64(glc_span_str(argv[i + 1]), &opt.memory))
            folder = NULL;
    if (folder == NULL) {
        fprintf(stderr, "glacis-audit-worker: started by glacis audit, not by hand\n");
        return 2;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    glc_serve_prepare();
    if (glc_register_load(folder, ignore_fault, NULL, &reg) != GLC_OK) {
        glc_serve_fail(SOCKET, "the register of restrictions cannot be read");
        return 4;
    }
    if (glc_jail_enter(&opt, &report, &err) != GLC_OK) {
        glc_serve_fail(SOCKET, err.msg);
        return 4;
    }
    int code = glc_serve_run(SOCKET, &(struct glc_serve){ &reg, report.landlock, report.seccomp, before });
    glc_register_done(&reg);
    return code;
}
