/* What the module `dotnet` offers. YARA manual 4.5, "dotnet module". */
#include "format/dotnet/dotnet_module.h"

const struct glc_field dotnet_version_fields[] = {
    [NET_VER_MAJOR] = GLC_F_INT("major", "major version"),
    [NET_VER_MINOR] = GLC_F_INT("minor", "minor version"),
    [NET_VER_BUILD] = GLC_F_INT("build_number", "build"),
    [NET_VER_REVISION] = GLC_F_INT("revision_number", "revision"),
    [NET_VER_FIELDS] = { 0 },
};

const struct glc_field dotnet_stream_fields[] = {
    [NET_STREAM_NAME] = GLC_F_STR("name", "\"#~\", \"#Strings\", …"),
    [NET_STREAM_OFFSET] = GLC_F_INT("offset", "offset in the file"),
    [NET_STREAM_SIZE] = GLC_F_INT("size", "in bytes"),
    [NET_STREAM_FIELDS] = { 0 },
};

const struct glc_field dotnet_resource_fields[] = {
    [NET_RES_OFFSET] = GLC_F_INT("offset", "offset of the data in the file"),
    [NET_RES_LENGTH] = GLC_F_INT("length", "bytes of the data"),
    [NET_RES_NAME] = GLC_F_STR("name", "name of the resource"),
    [NET_RES_FIELDS] = { 0 },
};

const struct glc_field dotnet_assembly_fields[] = {
    [NET_ASM_VERSION] = GLC_F_STRUCT("version", dotnet_version_fields, "version of the assembly"),
    [NET_ASM_NAME] = GLC_F_STR("name", "name of the assembly"),
    [NET_ASM_CULTURE] = GLC_F_STR("culture", "its language, where it has one"),
    [NET_ASM_FIELDS] = { 0 },
};

const struct glc_field dotnet_reference_fields[] = {
    [NET_REF_VERSION] = GLC_F_STRUCT("version", dotnet_version_fields, "version that is wanted"),
    [NET_REF_TOKEN] = GLC_F_STR("public_key_or_token", "who made it (bytes)"),
    [NET_REF_NAME] = GLC_F_STR("name", "name of the assembly"),
    [NET_REF_FIELDS] = { 0 },
};

const struct glc_field dotnet_parameter_fields[] = {
    [NET_PARAM_NAME] = GLC_F_STR("name", "name of the parameter"),
    [NET_PARAM_TYPE] = GLC_F_STR("type", "its type"),
    [NET_PARAM_FIELDS] = { 0 },
};

const struct glc_field dotnet_method_fields[] = {
    [NET_METHOD_NAME] = GLC_F_STR("name", "name of the method"),
    [NET_METHOD_VISIBILITY] = GLC_F_STR(
        "visibility", "private, public, protected, internal, private protected, protected internal"),
    [NET_METHOD_STATIC] = GLC_F_INT("static", "1 where it is static"),
    [NET_METHOD_VIRTUAL] = GLC_F_INT("virtual", "1 where it is virtual"),
    [NET_METHOD_FINAL] = GLC_F_INT("final", "1 where it is final"),
    [NET_METHOD_ABSTRACT] = GLC_F_INT("abstract", "1 where it is abstract"),
    [NET_METHOD_RETURN_TYPE] = GLC_F_STR("return_type", "type of what it returns"),
    [NET_METHOD_NUMBER_OF_GENERIC_PARAMETERS] =
        GLC_F_INT("number_of_generic_parameters", "generic parameters"),
    [NET_METHOD_GENERIC_PARAMETERS] = GLC_F_STRS("generic_parameters", "their names"),
    [NET_METHOD_NUMBER_OF_PARAMETERS] = GLC_F_INT("number_of_parameters", "parameters"),
    [NET_METHOD_PARAMETERS] = GLC_F_STRUCTS("parameters", dotnet_parameter_fields, "the parameters"),
    [NET_METHOD_FIELDS] = { 0 },
};

const struct glc_field dotnet_class_fields[] = {
    [NET_CLASS_FULLNAME] = GLC_F_STR("fullname", "namespace and name"),
    [NET_CLASS_NAME] = GLC_F_STR("name", "name of the class"),
    [NET_CLASS_NAMESPACE] = GLC_F_STR("namespace", "its namespace"),
    [NET_CLASS_VISIBILITY] = GLC_F_STR(
        "visibility", "private, public, protected, internal, private protected, protected internal"),
    [NET_CLASS_TYPE] = GLC_F_STR("type", "class or interface"),
    [NET_CLASS_ABSTRACT] = GLC_F_INT("abstract", "1 where it is abstract"),
    [NET_CLASS_SEALED] = GLC_F_INT("sealed", "1 where it is sealed"),
    [NET_CLASS_NUMBER_OF_BASE_TYPES] = GLC_F_INT("number_of_base_types", "base types"),
    [NET_CLASS_BASE_TYPES] = GLC_F_STRS("base_types", "what it derives from and implements"),
    [NET_CLASS_NUMBER_OF_GENERIC_PARAMETERS] =
        GLC_F_INT("number_of_generic_parameters", "generic parameters"),
    [NET_CLASS_GENERIC_PARAMETERS] = GLC_F_STRS("generic_parameters", "their names"),
    [NET_CLASS_NUMBER_OF_METHODS] = GLC_F_INT("number_of_methods", "methods"),
    [NET_CLASS_METHODS] = GLC_F_STRUCTS("methods", dotnet_method_fields, "the methods"),
    [NET_CLASS_FIELDS] = { 0 },
};

const struct glc_field dotnet_fields[] = {
    [NET_IS_DOTNET] = GLC_F_INT("is_dotnet", "1 where the layer is a .NET assembly"),
    [NET_VERSION] = GLC_F_STR("version", "version of the metadata root"),
    [NET_MODULE_NAME] = GLC_F_STR("module_name", "name of the module"),
    [NET_STREAMS] = GLC_F_STRUCTS("streams", dotnet_stream_fields, "the streams of the metadata"),
    [NET_NUMBER_OF_STREAMS] = GLC_F_INT("number_of_streams", "streams"),
    [NET_GUIDS] = GLC_F_STRS("guids", "the GUIDs, in lower case"),
    [NET_NUMBER_OF_GUIDS] = GLC_F_INT("number_of_guids", "GUIDs"),
    [NET_RESOURCES] = GLC_F_STRUCTS("resources", dotnet_resource_fields, "the .NET resources"),
    [NET_NUMBER_OF_RESOURCES] = GLC_F_INT("number_of_resources", ".NET resources"),
    [NET_CLASSES] = GLC_F_STRUCTS("classes", dotnet_class_fields, "the classes"),
    [NET_NUMBER_OF_CLASSES] = GLC_F_INT("number_of_classes", "classes"),
    [NET_ASSEMBLY_REFS] = GLC_F_STRUCTS("assembly_refs", dotnet_reference_fields, "assemblies it needs"),
    [NET_NUMBER_OF_ASSEMBLY_REFS] = GLC_F_INT("number_of_assembly_refs", "assemblies it needs"),
    [NET_ASSEMBLY] = GLC_F_STRUCT("assembly", dotnet_assembly_fields, "the assembly itself"),
    [NET_MODULEREFS] = GLC_F_STRS("modulerefs", "native modules it calls"),
    [NET_NUMBER_OF_MODULEREFS] = GLC_F_INT("number_of_modulerefs", "native modules it calls"),
    [NET_USER_STRINGS] = GLC_F_STRS("user_strings", "the string literals (UTF-16)"),
    [NET_NUMBER_OF_USER_STRINGS] = GLC_F_INT("number_of_user_strings", "string literals"),
    [NET_TYPELIB] = GLC_F_STR("typelib", "GUID of the type library"),
    [NET_CONSTANTS] = GLC_F_STRS("constants", "constant strings of fields (UTF-16)"),
    [NET_NUMBER_OF_CONSTANTS] = GLC_F_INT("number_of_constants", "constant strings of fields"),
    [NET_FIELD_OFFSETS] = GLC_F_INTS("field_offsets", "file offsets of fields with data"),
    [NET_NUMBER_OF_FIELD_OFFSETS] = GLC_F_INT("number_of_field_offsets", "fields with data"),
    [NET_NUMBER_OF_GENERIC_PARAMETERS] =
        GLC_F_INT("number_of_generic_parameters", "never filled, as in YARA-X"),
    [NET_FIELDS] = { 0 },
};
