/* Classes, methods and the types in their signatures, for the module `dotnet`. */
#ifndef GLC_FORMAT_DOTNET_DOTNET_TYPES_H
#define GLC_FORMAT_DOTNET_DOTNET_TYPES_H

#include "format/dotnet/metadata.h"
#include "rule/module.h"

/* Fill `classes` and their number. */
void net_load_classes(const struct net *n, struct glc_arena *a, struct glc_value *member);

#endif
