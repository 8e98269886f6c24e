/* A settings export of another product from any bytes. */
#include "audit/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    struct glc_buf out;
    glc_buf_init(&out, 16 << 20);
    (void)!glc_plan_import(&reg, "kesl", glc_span(data, size), &out);
    glc_buf_done(&out);
    return 0;
}
