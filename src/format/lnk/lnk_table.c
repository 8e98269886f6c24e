/* What the module `lnk` offers. YARA-X manual, "lnk". */
#include "format/lnk/lnk_module.h"

const struct glc_field lnk_tracker_fields[] = {
    [LNK_TRACKER_VERSION] = GLC_F_INT("version", "version of the tracker data"),
    [LNK_TRACKER_MACHINE_ID] = GLC_F_STR("machine_id", "NetBIOS name of the target's machine"),
    [LNK_TRACKER_DROID_VOLUME_ID] = GLC_F_STR("droid_volume_id", "GUID of the volume"),
    [LNK_TRACKER_DROID_FILE_ID] = GLC_F_STR("droid_file_id", "GUID of the file"),
    [LNK_TRACKER_DROID_BIRTH_VOLUME_ID] =
        GLC_F_STR("droid_birth_volume_id", "GUID of the volume where the file was made"),
    [LNK_TRACKER_DROID_BIRTH_FILE_ID] =
        GLC_F_STR("droid_birth_file_id", "GUID of the file where it was made"),
    [LNK_TRACKER_FIELDS] = { 0 },
};

static const struct glc_field drive_types[] = {
    GLC_F_CONST("UNKNOWN", 0),   GLC_F_CONST("NO_ROOT_DIR", 1),
    GLC_F_CONST("REMOVABLE", 2), GLC_F_CONST("FIXED", 3),
    GLC_F_CONST("REMOTE", 4),    GLC_F_CONST("CDROM", 5),
    GLC_F_CONST("RAMDISK", 6),   { 0 },
};

static const struct glc_field show_commands[] = {
    GLC_F_CONST("NORMAL", 1),
    GLC_F_CONST("MAXIMIZED", 3),
    GLC_F_CONST("MIN_NO_ACTIVE", 7),
    { 0 },
};

const struct glc_field lnk_fields[] = {
    [LNK_IS_LNK] = GLC_F_BOOL("is_lnk", "is the layer a Windows link?"),
    [LNK_NAME] = GLC_F_STR("name", "what the link is for, as people see it"),
    [LNK_CREATION_TIME] = GLC_F_INT("creation_time", "when the target was made, seconds since 1970"),
    [LNK_ACCESS_TIME] = GLC_F_INT("access_time", "when the target was last read"),
    [LNK_WRITE_TIME] = GLC_F_INT("write_time", "when the target was last written"),
    [LNK_FILE_SIZE] = GLC_F_INT("file_size", "bytes of the target, modulo 2^32"),
    [LNK_FILE_ATTRIBUTES] = GLC_F_INT("file_attributes", "bits FILE_ATTRIBUTE_… of the target"),
    [LNK_ICON_LOCATION] = GLC_F_STR("icon_location", "file that holds the icon"),
    [LNK_ICON_INDEX] = GLC_F_INT("icon_index", "number of the icon in there"),
    [LNK_SHOW_COMMAND] = GLC_F_INT("show_command", "ShowCommand.…"),
    [LNK_DRIVE_TYPE] = GLC_F_INT("drive_type", "DriveType.… of the target"),
    [LNK_DRIVE_SERIAL_NUMBER] = GLC_F_INT("drive_serial_number", "serial number of the target's volume"),
    [LNK_VOLUME_LABEL] = GLC_F_STR("volume_label", "label of the target's volume"),
    [LNK_LOCAL_BASE_PATH] = GLC_F_STR("local_base_path", "first part of the target's path"),
    [LNK_COMMON_PATH_SUFFIX] = GLC_F_STR("common_path_suffix", "last part of the target's path"),
    [LNK_RELATIVE_PATH] = GLC_F_STR("relative_path", "the target's path, seen from the link"),
    [LNK_WORKING_DIR] = GLC_F_STR("working_dir", "where the target is started"),
    [LNK_CMD_LINE_ARGS] = GLC_F_STR("cmd_line_args", "arguments that the target is started with"),
    [LNK_OVERLAY_SIZE] = GLC_F_INT("overlay_size", "bytes behind the link's end"),
    [LNK_OVERLAY_OFFSET] = GLC_F_INT("overlay_offset", "where they start; undefined: there are none"),
    [LNK_TRACKER_DATA] = GLC_F_STRUCT("tracker_data", lnk_tracker_fields, "distributed link tracking"),
    [LNK_DRIVE_TYPES] = GLC_F_CONSTS("DriveType", drive_types),
    [LNK_SHOW_COMMANDS] = GLC_F_CONSTS("ShowCommand", show_commands),

    [LNK_FIELDS] = GLC_F_CONST("FILE_ATTRIBUTE_READONLY", 0x1),
    GLC_F_CONST("FILE_ATTRIBUTE_HIDDEN", 0x2),
    GLC_F_CONST("FILE_ATTRIBUTE_SYSTEM", 0x4),
    GLC_F_CONST("FILE_ATTRIBUTE_DIRECTORY", 0x10),
    GLC_F_CONST("FILE_ATTRIBUTE_ARCHIVE", 0x20),
    GLC_F_CONST("FILE_ATTRIBUTE_NORMAL", 0x80),
    GLC_F_CONST("FILE_ATTRIBUTE_TEMPORARY", 0x100),
    GLC_F_CONST("FILE_ATTRIBUTE_SPARSE_FILE", 0x200),
    GLC_F_CONST("FILE_ATTRIBUTE_REPARSE_POINT", 0x400),
    GLC_F_CONST("FILE_ATTRIBUTE_COMPRESSED", 0x800),
    GLC_F_CONST("FILE_ATTRIBUTE_OFFLINE", 0x1000),
    GLC_F_CONST("FILE_ATTRIBUTE_NOT_CONTENT_INDEXED", 0x2000),
    GLC_F_CONST("FILE_ATTRIBUTE_ENCRYPTED", 0x4000),
    { 0 },
};
