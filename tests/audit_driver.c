/* `glacis audit` alone, for the tests: the verb without the scanner. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return glc_cmd_audit(argc, argv);
}
