/* The metadata of .NET assemblies: streams, heaps and tables. ECMA-335, partition II, 22 to 25.
 *
 * Rows are read where they stand: nothing is copied, a table's claimed number of rows is cut to what the
 * stream holds. */
#ifndef GLC_FORMAT_DOTNET_METADATA_H
#define GLC_FORMAT_DOTNET_METADATA_H

#include "format/pe/pe.h"

enum net_table {
    NET_T_MODULE = 0x00,
    NET_T_TYPE_REF = 0x01,
    NET_T_TYPE_DEF = 0x02,
    NET_T_METHOD = 0x06,
    NET_T_PARAM = 0x08,
    NET_T_INTERFACE_IMPL = 0x09,
    NET_T_MEMBER_REF = 0x0a,
    NET_T_CONSTANT = 0x0b,
    NET_T_CUSTOM_ATTRIBUTE = 0x0c,
    NET_T_MODULE_REF = 0x1a,
    NET_T_TYPE_SPEC = 0x1b,
    NET_T_FIELD_RVA = 0x1d,
    NET_T_ASSEMBLY = 0x20,
    NET_T_ASSEMBLY_REF = 0x23,
    NET_T_MANIFEST_RESOURCE = 0x28,
    NET_T_NESTED_CLASS = 0x29,
    NET_T_GENERIC_PARAM = 0x2a,
    NET_TABLES = 0x2d,
};

enum { NET_MOST_STREAMS = 64 };

struct net_stream {
    struct glc_span name;
    uint64_t offset; /* in the file */
    uint32_t size;   /* as declared */
};

struct net {
    struct glc_pe pe;
    struct glc_span version;
    struct net_stream stream[NET_MOST_STREAMS];
    uint32_t streams;
    uint32_t resources; /* RVA of the resources' data */
    struct glc_span tables, strings, guids, blobs, user_strings;
    uint8_t heap_sizes;
    uint32_t rows[64];
    struct glc_span table[64]; /* as many whole rows as there are */
    uint32_t row_size[64];
    bool x; /* for the dialect YARA-X */
};

/* Find and read the metadata; false: the PE file has none. */
bool net_parse(struct glc_span data, struct glc_arena *arena, struct net *out) GLC_CHECK;

/* A column of a row (from 1); 0 where there is no such row. */
uint32_t net_cell(const struct net *n, enum net_table table, uint32_t row, uint32_t column);

/* The table and row that a coded index names, by the letter of its kind in the schema ('D': TypeDefOrRef, …).
 * Row 0: none. */
enum net_table net_coded(char kind, uint32_t value, uint32_t *row);

/* A string of #Strings; false: not there. */
bool net_string(const struct net *n, uint32_t index, struct glc_span *out) GLC_CHECK;

/* A blob of a heap; false: not there. `next`, where not NULL, gets the offset behind it. */
bool net_blob(struct glc_span heap, uint32_t index, struct glc_span *out, uint32_t *next) GLC_CHECK;

#endif
