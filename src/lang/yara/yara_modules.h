/* A registry for the tests of the front end: one module with every kind of field and function. */
#ifndef GLC_LANG_YARA_YARA_MODULES_H
#define GLC_LANG_YARA_YARA_MODULES_H

#include "rule/module.h"

static const struct glc_field test_inner[] = {
    { .name = "name", .type = GLC_T_STRING },
    { .name = "size", .type = GLC_T_INT },
    { .name = "numbers", .type = GLC_T_ARRAY, .item = GLC_T_INT },
    { .name = NULL },
};

static const struct glc_field test_fields[] = {
    { .name = "number", .type = GLC_T_INT },
    { .name = "real", .type = GLC_T_FLOAT },
    { .name = "flag", .type = GLC_T_BOOL },
    { .name = "text", .type = GLC_T_STRING },
    { .name = "inner", .type = GLC_T_STRUCT, .member = test_inner },
    { .name = "items", .type = GLC_T_ARRAY, .item = GLC_T_STRUCT, .member = test_inner },
    { .name = "texts", .type = GLC_T_DICT, .item = GLC_T_STRING },
    { .name = "parts", .type = GLC_T_DICT, .item = GLC_T_STRUCT, .member = test_inner },
    { .name = "SEVEN", .type = GLC_T_INT, .constant = true, .value = 7 },
    { .name = "WORD", .type = GLC_T_STRING, .constant = true, .text = "word" },
    { .name = "HALF", .type = GLC_T_FLOAT, .constant = true, .real = 0.5 },
    { .name = NULL },
};

static const struct glc_function test_functions[] = {
    { .name = "look", .args = "i", .result = GLC_T_INT },
    { .name = "look", .args = "sr", .result = GLC_T_BOOL },
    { .name = "mean", .args = "", .result = GLC_T_FLOAT },
    { .name = "number", .args = "s", .result = GLC_T_INT },
    { .name = "items.has", .args = "os", .result = GLC_T_BOOL },
    { .name = NULL },
};

static const struct glc_module test_module = { .name = "demo",
                                               .fields = test_fields,
                                               .functions = test_functions };
static const struct glc_module *const test_registry[] = { &test_module };
static const struct glc_modules test_modules = { .module = test_registry, .n = 1 };

#endif
