/* `glacis audit` alone, for the tests: the verb without the scanner, and with the program that reads which
 * the test names. */
#include "cli/cli.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    return glc_audit_command(getenv("GLACIS_TEST_WORKER"), argc, argv);
}
