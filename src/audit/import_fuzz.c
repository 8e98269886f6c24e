/* A settings export of another product from any bytes: read as in the jail, then in Glacis' terms. Whatever
 * it holds, no line of it becomes another line of the configuration. */
#include "audit/collect.h"
#include "audit/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every line is one that the register's settings make, a comment, or empty. */
static void look(struct glc_span text)
{
    static const char *const starts[] = { "#", "path = ", "max_time = ", "max_size = ", "exclude = " };
    struct glc_span line;
    while (glc_line_next(&text, &line)) {
        bool ok = line.len == 0;
        for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
            ok |= glc_span_starts(line, glc_span_str(starts[i]));
        if (!ok)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct glc_reg_setting settings[] = {
        { "kesl", "ScanScope.item_*", "Path", "path = {}", NULL, "same" },
        { "kesl", "", "TimeLimit", "max_time = {}", "seconds", "same" },
        { "kesl", "", "SizeLimit", "max_size = {}", "megabytes", "same" },
        { "kesl", "", "ExcludeMasks.item_*", "exclude = {}", NULL, "same" },
        { "kesl", "", "UseCloud", "nothing", NULL, "none" },
        { "kesl", "", "Later", "later", NULL, "planned" },
    };
    const struct glc_register reg = { .settings = settings, .nsettings = sizeof settings / sizeof *settings };
    struct glc_audit a;
    struct glc_buf out;
    glc_audit_init(&a, &reg);
    glc_audit_begin(&a, "settings", "export");
    glc_buf_init(&out, 16 << 20);
    glc_collect_settings(&a, "export", glc_span(data, size));
    glc_plan_import(&a, "kesl", &out);
    look(glc_buf_span(&out));
    glc_plan_import_json(&a, "kesl", &out);
    glc_buf_done(&out);
    glc_audit_done(&a);
    return 0;
}
