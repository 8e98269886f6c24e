/* The module `dotnet`. */
#include "format/dotnet/dotnet_module.h"

#include "format/module/modules.h"

const struct glc_module glc_dotnet_module = {
    .name = "dotnet",
    .help = ".NET assemblies",
    .fields = dotnet_fields,
};
