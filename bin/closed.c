/* What a program with its libraries in it must not do: load code, or ask the network for names. OpenSSL's
 * archives can; these stand in for the C library's functions (the linker's --wrap in meson.build), so that
 * nothing of that kind is linked on their behalf. */
#define _GNU_SOURCE /* dladdr() */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

void *__wrap_dlopen(const char *path, int flags);
void *__wrap_dlsym(void *restrict handle, const char *restrict name);
int __wrap_dladdr(const void *address, Dl_info *info);
char *__wrap_dlerror(void);
int __wrap_dlclose(void *handle);

void *__wrap_dlopen(const char *path, int flags)
{
    (void)path, (void)flags;
    return NULL;
}

void *__wrap_dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle, (void)name;
    return NULL;
}

int __wrap_dladdr(const void *address, Dl_info *info)
{
    (void)address, (void)info;
    return 0;
}

char *__wrap_dlerror(void)
{
    static char text[] = "nothing is loaded";
    return text;
}

int __wrap_dlclose(void *handle)
{
    (void)handle;
    return -1;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    return NULL;
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    (void)name, (void)service, (void)hints, (void)out;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}
