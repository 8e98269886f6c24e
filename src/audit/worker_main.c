/* The program glacis-audit-worker; see serve_main.c. */
#include "audit/serve.h"

int main(int argc, char **argv)
{
    return glc_serve_main(argc, argv, NULL);
}
