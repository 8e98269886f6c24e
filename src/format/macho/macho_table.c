/* What the module `macho` offers. YARA manual 4.5, "macho module"; YARA-X manual, "macho" (what load commands
 * say beyond segments). */
#include "format/macho/macho_module.h"

const struct glc_field macho_section_fields[] = {
    [MACHO_SEC_SECTNAME] = GLC_F_STR("sectname", "name of the section"),
    [MACHO_SEC_SEGNAME] = GLC_F_STR("segname", "segment it belongs to"),
    [MACHO_SEC_ADDR] = GLC_F_INT("addr", "address in memory"),
    [MACHO_SEC_SIZE] = GLC_F_INT("size", "in bytes"),
    [MACHO_SEC_OFFSET] = GLC_F_INT("offset", "offset in the file"),
    [MACHO_SEC_ALIGN] = GLC_F_INT("align", "alignment, as a power of two"),
    [MACHO_SEC_RELOFF] = GLC_F_INT("reloff", "file offset of the relocations"),
    [MACHO_SEC_NRELOC] = GLC_F_INT("nreloc", "number of relocations"),
    [MACHO_SEC_FLAGS] = GLC_F_INT("flags", "type S_… and bits S_ATTR_…"),
    [MACHO_SEC_RESERVED1] = GLC_F_INT("reserved1", "reserved"),
    [MACHO_SEC_RESERVED2] = GLC_F_INT("reserved2", "reserved"),
    [MACHO_SEC_RESERVED3] = GLC_F_INT("reserved3", "reserved"),
    [MACHO_SEC_FIELDS] = { 0 },
};

const struct glc_field macho_segment_fields[] = {
    [MACHO_SEG_SEGNAME] = GLC_F_STR("segname", "name of the segment"),
    [MACHO_SEG_VMADDR] = GLC_F_INT("vmaddr", "address in memory"),
    [MACHO_SEG_VMSIZE] = GLC_F_INT("vmsize", "bytes in memory"),
    [MACHO_SEG_FILEOFF] = GLC_F_INT("fileoff", "offset in the file"),
    [MACHO_SEG_FSIZE] = GLC_F_INT("fsize", "bytes in the file"),
    [MACHO_SEG_MAXPROT] = GLC_F_INT("maxprot", "most protection"),
    [MACHO_SEG_INITPROT] = GLC_F_INT("initprot", "protection at the start"),
    [MACHO_SEG_NSECTS] = GLC_F_INT("nsects", "number of sections"),
    [MACHO_SEG_FLAGS] = GLC_F_INT("flags", "bits SG_…"),
    [MACHO_SEG_SECTIONS] = GLC_F_STRUCTS("sections", macho_section_fields, "its sections"),
    [MACHO_SEG_FILESIZE] = GLC_F_INT("filesize", "the same as fsize"),
    [MACHO_SEG_FIELDS] = { 0 },
};

const struct glc_field macho_arch_fields[] = {
    [MACHO_ARCH_CPUTYPE] = GLC_F_INT("cputype", "CPU_TYPE_…"),
    [MACHO_ARCH_CPUSUBTYPE] = GLC_F_INT("cpusubtype", "CPU_SUBTYPE_…"),
    [MACHO_ARCH_OFFSET] = GLC_F_INT("offset", "where its file starts"),
    [MACHO_ARCH_SIZE] = GLC_F_INT("size", "bytes of its file"),
    [MACHO_ARCH_ALIGN] = GLC_F_INT("align", "alignment, as a power of two"),
    [MACHO_ARCH_RESERVED] = GLC_F_INT("reserved", "reserved; 64-bit tables only"),
    [MACHO_ARCH_FIELDS] = { 0 },
};

const struct glc_field macho_symtab_fields[] = {
    GLC_F_INT("symoff", "as the load command says"),
    GLC_F_INT("nsyms", "as the load command says"),
    GLC_F_INT("stroff", "as the load command says"),
    GLC_F_INT("strsize", "as the load command says"),
    [MACHO_SYMTAB_ENTRIES] = GLC_F_STRS("entries", "names of the symbols"),
    { 0 },
};

const struct glc_field macho_dysymtab_fields[] = {
    GLC_F_INT("ilocalsym", "as the load command says"),
    GLC_F_INT("nlocalsym", "as the load command says"),
    GLC_F_INT("iextdefsym", "as the load command says"),
    GLC_F_INT("nextdefsym", "as the load command says"),
    GLC_F_INT("iundefsym", "as the load command says"),
    GLC_F_INT("nundefsym", "as the load command says"),
    GLC_F_INT("tocoff", "as the load command says"),
    GLC_F_INT("ntoc", "as the load command says"),
    GLC_F_INT("modtaboff", "as the load command says"),
    GLC_F_INT("nmodtab", "as the load command says"),
    GLC_F_INT("extrefsymoff", "as the load command says"),
    GLC_F_INT("nextrefsyms", "as the load command says"),
    GLC_F_INT("indirectsymoff", "as the load command says"),
    GLC_F_INT("nindirectsyms", "as the load command says"),
    GLC_F_INT("extreloff", "as the load command says"),
    GLC_F_INT("nextrel", "as the load command says"),
    GLC_F_INT("locreloff", "as the load command says"),
    GLC_F_INT("nlocrel", "as the load command says"),
    { 0 },
};

const struct glc_field macho_dyld_info_fields[] = {
    GLC_F_INT("rebase_off", "as the load command says"),
    GLC_F_INT("rebase_size", "as the load command says"),
    GLC_F_INT("bind_off", "as the load command says"),
    GLC_F_INT("bind_size", "as the load command says"),
    GLC_F_INT("weak_bind_off", "as the load command says"),
    GLC_F_INT("weak_bind_size", "as the load command says"),
    GLC_F_INT("lazy_bind_off", "as the load command says"),
    GLC_F_INT("lazy_bind_size", "as the load command says"),
    GLC_F_INT("export_off", "as the load command says"),
    GLC_F_INT("export_size", "as the load command says"),
    { 0 },
};

const struct glc_field macho_linkedit_fields[] = {
    GLC_F_INT("dataoff", "as the load command says"),
    GLC_F_INT("datasize", "as the load command says"),
    { 0 },
};

const struct glc_field macho_dylib_fields[] = {
    [MACHO_LIB_NAME] = GLC_F_STR("name", "path of the library"),
    [MACHO_LIB_TIMESTAMP] = GLC_F_INT("timestamp", "when it was built, seconds since 1970"),
    [MACHO_LIB_COMPATIBILITY] = GLC_F_STR("compatibility_version", "the oldest version that will do"),
    [MACHO_LIB_CURRENT] = GLC_F_STR("current_version", "the version that it was linked with"),
    [MACHO_LIB_FIELDS] = { 0 },
};

const struct glc_field macho_tool_fields[] = {
    [MACHO_TOOL_TOOL] = GLC_F_INT("tool", "which tool: 1 clang, 2 swift, 3 ld, 4 lld"),
    [MACHO_TOOL_VERSION] = GLC_F_STR("version", "its version"),
    [MACHO_TOOL_FIELDS] = { 0 },
};

const struct glc_field macho_build_fields[] = {
    [MACHO_BUILD_PLATFORM] = GLC_F_INT("platform", "system: 1 macOS, 2 iOS, …"),
    [MACHO_BUILD_MINOS] = GLC_F_STR("minos", "the oldest version of it that will do"),
    [MACHO_BUILD_SDK] = GLC_F_STR("sdk", "version of the SDK"),
    [MACHO_BUILD_NTOOLS] = GLC_F_INT("ntools", "tools, as the load command says"),
    [MACHO_BUILD_TOOLS] = GLC_F_STRUCTS("tools", macho_tool_fields, "the tools that built it"),
    [MACHO_BUILD_FIELDS] = { 0 },
};

const struct glc_field macho_min_fields[] = {
    [MACHO_MIN_DEVICE] = GLC_F_INT("device", "DEVICE_TYPE.…"),
    [MACHO_MIN_VERSION_TEXT] = GLC_F_STR("version", "the oldest version of the system that will do"),
    [MACHO_MIN_SDK] = GLC_F_STR("sdk", "version of the SDK"),
    [MACHO_MIN_FIELDS] = { 0 },
};

const struct glc_field macho_certificate_fields[] = {
    [MACHO_CERT_COMMON_NAMES] = GLC_F_STRS("common_names", "common names of the certificates"),
    [MACHO_CERT_SIGNER_NAMES] = GLC_F_STRS("signer_names", "common names of who signed"),
    [MACHO_CERT_FIELDS] = { 0 },
};

/* Load commands: LC_VERSION_MIN_… */
static const struct glc_field devices[] = {
    GLC_F_CONST("MACOSX", 0x24),
    GLC_F_CONST("IPHONEOS", 0x25),
    GLC_F_CONST("TVOS", 0x2f),
    GLC_F_CONST("WATCHOS", 0x30),
    { 0 },
};

#define FILE_FIELDS                                                                                          \
    [MACHO_MAGIC] = GLC_F_INT("magic", "MH_MAGIC, …"), [MACHO_CPUTYPE] = GLC_F_INT("cputype", "CPU_TYPE_…"), \
    [MACHO_CPUSUBTYPE] = GLC_F_INT("cpusubtype", "CPU_SUBTYPE_…"),                                           \
    [MACHO_FILETYPE] = GLC_F_INT("filetype", "MH_EXECUTE, …"),                                               \
    [MACHO_NCMDS] = GLC_F_INT("ncmds", "number of load commands"),                                           \
    [MACHO_SIZEOFCMDS] = GLC_F_INT("sizeofcmds", "bytes of all load commands"),                              \
    [MACHO_FLAGS] = GLC_F_INT("flags", "bits MH_…"),                                                         \
    [MACHO_RESERVED] = GLC_F_INT("reserved", "reserved; 64-bit files only"),                                 \
    [MACHO_NUMBER_OF_SEGMENTS] = GLC_F_INT("number_of_segments", "segments"),                                \
    [MACHO_SEGMENTS] = GLC_F_STRUCTS("segments", macho_segment_fields, "the segments"),                      \
    [MACHO_ENTRY_POINT] = GLC_F_INT("entry_point", "file offset of the entry point"),                        \
    [MACHO_STACK_SIZE] = GLC_F_INT("stack_size", "stack of the main thread, where the file says it"),        \
    [MACHO_DYNAMIC_LINKER] = GLC_F_STR("dynamic_linker", "path of the dynamic linker"),                      \
    [MACHO_SOURCE_VERSION] = GLC_F_STR("source_version", "version of the source: a.b.c.d.e"),                \
    [MACHO_SYMTAB] = GLC_F_STRUCT("symtab", macho_symtab_fields, "the symbol table"),                        \
    [MACHO_DYSYMTAB] = GLC_F_STRUCT("dysymtab", macho_dysymtab_fields, "the table of dynamic symbols"),      \
    [MACHO_CODE_SIGNATURE] =                                                                                 \
        GLC_F_STRUCT("code_signature_data", macho_linkedit_fields, "where the signature lies"),              \
    [MACHO_DYLIBS] = GLC_F_STRUCTS("dylibs", macho_dylib_fields, "libraries: those it needs, and itself"),   \
    [MACHO_DYLD_INFO] = GLC_F_STRUCT("dyld_info", macho_dyld_info_fields, "what the dynamic linker does"),   \
    [MACHO_RPATHS] = GLC_F_STRS("rpaths", "where libraries are looked for"),                                 \
    [MACHO_ENTITLEMENTS] = GLC_F_STRS("entitlements", "keys of the entitlements in the signature"),          \
    [MACHO_UUID] = GLC_F_STR("uuid", "identifier of the build"),                                             \
    [MACHO_BUILD_VERSION] =                                                                                  \
        GLC_F_STRUCT("build_version", macho_build_fields, "what it was built for and by"),                   \
    [MACHO_MIN_VERSION] = GLC_F_STRUCT("min_version", macho_min_fields, "the system that it needs"),         \
    [MACHO_EXPORTS] = GLC_F_STRS("exports", "names that it exports"),                                        \
    [MACHO_IMPORTS] = GLC_F_STRS("imports", "names that it imports"),                                        \
    [MACHO_CERTIFICATES] = GLC_F_STRUCT("certificates", macho_certificate_fields, "of the signature"),       \
    [MACHO_LINKER_OPTIONS] = GLC_F_STRS("linker_options", "options for the linker")

const struct glc_field macho_file_fields[] = {
    FILE_FIELDS,
    [MACHO_FILE_FIELDS] = { 0 },
};

const struct glc_field macho_fields[] = {
    FILE_FIELDS,
    [MACHO_FAT_MAGIC] = GLC_F_INT("fat_magic", "FAT_MAGIC, …"),
    [MACHO_NFAT_ARCH] = GLC_F_INT("nfat_arch", "files in a universal file"),
    [MACHO_FAT_ARCH] = GLC_F_STRUCTS("fat_arch", macho_arch_fields, "where a universal file keeps them"),
    [MACHO_FILE] = GLC_F_STRUCTS("file", macho_file_fields, "the files of a universal file"),
    [MACHO_DEVICES] = GLC_F_CONSTS("DEVICE_TYPE", devices),

    [MACHO_FIELDS] = GLC_F_CONST("MH_MAGIC", 0xfeedface),
    GLC_F_CONST("MH_CIGAM", 0xcefaedfe),
    GLC_F_CONST("MH_MAGIC_64", 0xfeedfacf),
    GLC_F_CONST("MH_CIGAM_64", 0xcffaedfe),
    GLC_F_CONST("FAT_MAGIC", 0xcafebabe),
    GLC_F_CONST("FAT_CIGAM", 0xbebafeca),
    GLC_F_CONST("FAT_MAGIC_64", 0xcafebabf),
    GLC_F_CONST("FAT_CIGAM_64", 0xbfbafeca),
    GLC_F_CONST("CPU_ARCH_ABI64", 0x1000000),
    GLC_F_CONST("CPU_SUBTYPE_LIB64", 0x80000000),
    GLC_F_CONST("CPU_TYPE_MC680X0", 6),
    GLC_F_CONST("CPU_TYPE_X86", 7),
    GLC_F_CONST("CPU_TYPE_I386", 7),
    GLC_F_CONST("CPU_TYPE_X86_64", 0x1000007),
    GLC_F_CONST("CPU_TYPE_MIPS", 8),
    GLC_F_CONST("CPU_TYPE_MC98000", 10),
    GLC_F_CONST("CPU_TYPE_ARM", 12),
    GLC_F_CONST("CPU_TYPE_ARM64", 0x100000c),
    GLC_F_CONST("CPU_TYPE_MC88000", 13),
    GLC_F_CONST("CPU_TYPE_SPARC", 14),
    GLC_F_CONST("CPU_TYPE_POWERPC", 18),
    GLC_F_CONST("CPU_TYPE_POWERPC64", 0x1000012),
    GLC_F_CONST("CPU_SUBTYPE_INTEL_MODEL_ALL", 0),
    GLC_F_CONST("CPU_SUBTYPE_386", 3),
    GLC_F_CONST("CPU_SUBTYPE_I386_ALL", 3),
    GLC_F_CONST("CPU_SUBTYPE_X86_64_ALL", 3),
    GLC_F_CONST("CPU_SUBTYPE_486", 4),
    GLC_F_CONST("CPU_SUBTYPE_486SX", 132),
    GLC_F_CONST("CPU_SUBTYPE_586", 5),
    GLC_F_CONST("CPU_SUBTYPE_PENT", 5),
    GLC_F_CONST("CPU_SUBTYPE_PENTPRO", 22),
    GLC_F_CONST("CPU_SUBTYPE_PENTII_M3", 54),
    GLC_F_CONST("CPU_SUBTYPE_PENTII_M5", 86),
    GLC_F_CONST("CPU_SUBTYPE_CELERON", 103),
    GLC_F_CONST("CPU_SUBTYPE_CELERON_MOBILE", 119),
    GLC_F_CONST("CPU_SUBTYPE_PENTIUM_3", 8),
    GLC_F_CONST("CPU_SUBTYPE_PENTIUM_3_M", 24),
    GLC_F_CONST("CPU_SUBTYPE_PENTIUM_3_XEON", 40),
    GLC_F_CONST("CPU_SUBTYPE_PENTIUM_M", 9),
    GLC_F_CONST("CPU_SUBTYPE_PENTIUM_4", 10),
    GLC_F_CONST("CPU_SUBTYPE_PENTIUM_4_M", 26),
    GLC_F_CONST("CPU_SUBTYPE_ITANIUM", 11),
    GLC_F_CONST("CPU_SUBTYPE_ITANIUM_2", 27),
    GLC_F_CONST("CPU_SUBTYPE_XEON", 12),
    GLC_F_CONST("CPU_SUBTYPE_XEON_MP", 28),
    GLC_F_CONST("CPU_SUBTYPE_ARM_ALL", 0),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V4T", 5),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V6", 6),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V5", 7),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V5TEJ", 7),
    GLC_F_CONST("CPU_SUBTYPE_ARM_XSCALE", 8),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V7", 9),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V7F", 10),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V7S", 11),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V7K", 12),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V6M", 14),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V7M", 15),
    GLC_F_CONST("CPU_SUBTYPE_ARM_V7EM", 16),
    GLC_F_CONST("CPU_SUBTYPE_ARM64_ALL", 0),
    GLC_F_CONST("CPU_SUBTYPE_SPARC_ALL", 0),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_ALL", 0),
    GLC_F_CONST("CPU_SUBTYPE_MC980000_ALL", 0),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_601", 1),
    GLC_F_CONST("CPU_SUBTYPE_MC98601", 1),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_602", 2),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_603", 3),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_603e", 4),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_603ev", 5),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_604", 6),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_604e", 7),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_620", 8),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_750", 9),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_7400", 10),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_7450", 11),
    GLC_F_CONST("CPU_SUBTYPE_POWERPC_970", 100),
    GLC_F_CONST("MH_OBJECT", 1),
    GLC_F_CONST("MH_EXECUTE", 2),
    GLC_F_CONST("MH_FVMLIB", 3),
    GLC_F_CONST("MH_CORE", 4),
    GLC_F_CONST("MH_PRELOAD", 5),
    GLC_F_CONST("MH_DYLIB", 6),
    GLC_F_CONST("MH_DYLINKER", 7),
    GLC_F_CONST("MH_BUNDLE", 8),
    GLC_F_CONST("MH_DYLIB_STUB", 9),
    GLC_F_CONST("MH_DSYM", 10),
    GLC_F_CONST("MH_KEXT_BUNDLE", 11),
    GLC_F_CONST("MH_NOUNDEFS", 1),
    GLC_F_CONST("MH_INCRLINK", 2),
    GLC_F_CONST("MH_DYLDLINK", 4),
    GLC_F_CONST("MH_BINDATLOAD", 8),
    GLC_F_CONST("MH_PREBOUND", 16),
    GLC_F_CONST("MH_SPLIT_SEGS", 32),
    GLC_F_CONST("MH_LAZY_INIT", 64),
    GLC_F_CONST("MH_TWOLEVEL", 128),
    GLC_F_CONST("MH_FORCE_FLAT", 0x100),
    GLC_F_CONST("MH_NOMULTIDEFS", 0x200),
    GLC_F_CONST("MH_NOFIXPREBINDING", 0x400),
    GLC_F_CONST("MH_PREBINDABLE", 0x800),
    GLC_F_CONST("MH_ALLMODSBOUND", 0x1000),
    GLC_F_CONST("MH_SUBSECTIONS_VIA_SYMBOLS", 0x2000),
    GLC_F_CONST("MH_CANONICAL", 0x4000),
    GLC_F_CONST("MH_WEAK_DEFINES", 0x8000),
    GLC_F_CONST("MH_BINDS_TO_WEAK", 0x10000),
    GLC_F_CONST("MH_ALLOW_STACK_EXECUTION", 0x20000),
    GLC_F_CONST("MH_ROOT_SAFE", 0x40000),
    GLC_F_CONST("MH_SETUID_SAFE", 0x80000),
    GLC_F_CONST("MH_NO_REEXPORTED_DYLIBS", 0x100000),
    GLC_F_CONST("MH_PIE", 0x200000),
    GLC_F_CONST("MH_DEAD_STRIPPABLE_DYLIB", 0x400000),
    GLC_F_CONST("MH_HAS_TLV_DESCRIPTORS", 0x800000),
    GLC_F_CONST("MH_NO_HEAP_EXECUTION", 0x1000000),
    GLC_F_CONST("MH_APP_EXTENSION_SAFE", 0x2000000),
    GLC_F_CONST("SG_HIGHVM", 1),
    GLC_F_CONST("SG_FVMLIB", 2),
    GLC_F_CONST("SG_NORELOC", 4),
    GLC_F_CONST("SG_PROTECTED_VERSION_1", 8),
    GLC_F_CONST("SECTION_TYPE", 255),
    GLC_F_CONST("SECTION_ATTRIBUTES", 0xffffff00),
    GLC_F_CONST("S_REGULAR", 0),
    GLC_F_CONST("S_ZEROFILL", 1),
    GLC_F_CONST("S_CSTRING_LITERALS", 2),
    GLC_F_CONST("S_4BYTE_LITERALS", 3),
    GLC_F_CONST("S_8BYTE_LITERALS", 4),
    GLC_F_CONST("S_LITERAL_POINTERS", 5),
    GLC_F_CONST("S_NON_LAZY_SYMBOL_POINTERS", 6),
    GLC_F_CONST("S_LAZY_SYMBOL_POINTERS", 7),
    GLC_F_CONST("S_SYMBOL_STUBS", 8),
    GLC_F_CONST("S_MOD_INIT_FUNC_POINTERS", 9),
    GLC_F_CONST("S_MOD_TERM_FUNC_POINTERS", 10),
    GLC_F_CONST("S_COALESCED", 11),
    GLC_F_CONST("S_GB_ZEROFILL", 12),
    GLC_F_CONST("S_INTERPOSING", 13),
    GLC_F_CONST("S_16BYTE_LITERALS", 14),
    GLC_F_CONST("S_DTRACE_DOF", 15),
    GLC_F_CONST("S_LAZY_DYLIB_SYMBOL_POINTERS", 16),
    GLC_F_CONST("S_THREAD_LOCAL_REGULAR", 17),
    GLC_F_CONST("S_THREAD_LOCAL_ZEROFILL", 18),
    GLC_F_CONST("S_THREAD_LOCAL_VARIABLES", 19),
    GLC_F_CONST("S_THREAD_LOCAL_VARIABLE_POINTERS", 20),
    GLC_F_CONST("S_THREAD_LOCAL_INIT_FUNCTION_POINTERS", 21),
    GLC_F_CONST("S_ATTR_PURE_INSTRUCTIONS", 0x80000000),
    GLC_F_CONST("S_ATTR_NO_TOC", 0x40000000),
    GLC_F_CONST("S_ATTR_STRIP_STATIC_SYMS", 0x20000000),
    GLC_F_CONST("S_ATTR_NO_DEAD_STRIP", 0x10000000),
    GLC_F_CONST("S_ATTR_LIVE_SUPPORT", 0x8000000),
    GLC_F_CONST("S_ATTR_SELF_MODIFYING_CODE", 0x4000000),
    GLC_F_CONST("S_ATTR_DEBUG", 0x2000000),
    GLC_F_CONST("S_ATTR_SOME_INSTRUCTIONS", 0x400),
    GLC_F_CONST("S_ATTR_EXT_RELOC", 0x200),
    GLC_F_CONST("S_ATTR_LOC_RELOC", 0x100),
    /* The YARA manual has these, yara itself does not. */
    GLC_F_CONST("LC_SEGMENT", 0x1),
    GLC_F_CONST("LC_SYMTAB", 0x2),
    GLC_F_CONST("LC_SYMSEG", 0x3),
    GLC_F_CONST("LC_THREAD", 0x4),
    GLC_F_CONST("LC_UNIXTHREAD", 0x5),
    GLC_F_CONST("LC_LOADFVMLIB", 0x6),
    GLC_F_CONST("LC_IDFVMLIB", 0x7),
    GLC_F_CONST("LC_IDENT", 0x8),
    GLC_F_CONST("LC_FVMFILE", 0x9),
    GLC_F_CONST("LC_PREPAGE", 0xa),
    GLC_F_CONST("LC_DYSYMTAB", 0xb),
    GLC_F_CONST("LC_LOAD_DYLIB", 0xc),
    GLC_F_CONST("LC_ID_DYLIB", 0xd),
    GLC_F_CONST("LC_LOAD_DYLINKER", 0xe),
    GLC_F_CONST("LC_ID_DYLINKER", 0xf),
    GLC_F_CONST("LC_PREBOUND_DYLIB", 0x10),
    GLC_F_CONST("LC_ROUTINES", 0x11),
    GLC_F_CONST("LC_SUB_FRAMEWORK", 0x12),
    GLC_F_CONST("LC_SUB_UMBRELLA", 0x13),
    GLC_F_CONST("LC_SUB_CLIENT", 0x14),
    GLC_F_CONST("LC_SUB_LIBRARY", 0x15),
    GLC_F_CONST("LC_TWOLEVEL_HINTS", 0x16),
    GLC_F_CONST("LC_PREBIND_CKSUM", 0x17),
    GLC_F_CONST("LC_LOAD_WEAK_DYLIB", 0x80000018),
    GLC_F_CONST("LC_SEGMENT_64", 0x19),
    GLC_F_CONST("LC_ROUTINES_64", 0x1a),
    GLC_F_CONST("LC_UUID", 0x1b),
    GLC_F_CONST("LC_RPATH", 0x8000001c),
    GLC_F_CONST("LC_CODE_SIGNATURE", 0x1d),
    GLC_F_CONST("LC_SEGMENT_SPLIT_INFO", 0x1e),
    GLC_F_CONST("LC_REEXPORT_DYLIB", 0x8000001f),
    GLC_F_CONST("LC_LAZY_LOAD_DYLIB", 0x20),
    GLC_F_CONST("LC_ENCRYPTION_INFO", 0x21),
    GLC_F_CONST("LC_DYLD_INFO", 0x22),
    GLC_F_CONST("LC_DYLD_INFO_ONLY", 0x80000022),
    GLC_F_CONST("LC_LOAD_UPWARD_DYLIB", 0x80000023),
    GLC_F_CONST("LC_VERSION_MIN_MACOSX", 0x24),
    GLC_F_CONST("LC_VERSION_MIN_IPHONEOS", 0x25),
    GLC_F_CONST("LC_FUNCTION_STARTS", 0x26),
    GLC_F_CONST("LC_DYLD_ENVIRONMENT", 0x27),
    GLC_F_CONST("LC_MAIN", 0x80000028),
    GLC_F_CONST("LC_DATA_IN_CODE", 0x29),
    GLC_F_CONST("LC_SOURCE_VERSION", 0x2a),
    GLC_F_CONST("LC_DYLIB_CODE_SIGN_DRS", 0x2b),
    /* YARA-X gives these both under their own name and under that of their list. */
    GLC_F_CONST("MACOSX", 0x24),
    GLC_F_CONST("IPHONEOS", 0x25),
    GLC_F_CONST("TVOS", 0x2f),
    GLC_F_CONST("WATCHOS", 0x30),
    { 0 },
};
