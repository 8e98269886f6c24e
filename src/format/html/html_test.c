/* The normalised forms, against what `sigtool --html-normalise` 1.4.6 made of the same bytes. */
#include "check.h"
#include "format/html/html.h"
#include "format/kit/kit.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static void check(struct glc_span in, bool (*make)(struct glc_span, struct glc_output *),
                  struct glc_span want)
{
    struct kit k;
    kit_init(&k, in);
    struct glc_output out;
    glc_output_init(&out, &k.parse, in.len);
    assert_true(make(in, &out));
    if (!glc_span_eq(glc_output_span(&out), want))
        fail_msg("%.*s\n  want %.*s\n  got  %.*s", (int)in.len, (const char *)in.ptr, (int)want.len,
                 (const char *)want.ptr, (int)out.len, (const char *)out.ptr);
    kit_done(&k);
}

/* Input, without comments, without tags (none: not the same as the oracle's in a corner that we leave). */
static void like_the_oracle(void **state)
{
    (void)state;
    static const struct {
        struct glc_span in, nocomment, notags;
    } row[] = {
        { BYTES("<html><html>a  b</html>"), BYTES("<html><html>a b</html>"), BYTES(" a b ") },
        { BYTES("<html><A HREF=x>T</A>"), BYTES("<html><a href=x>t</a>"), BYTES(" x t ") },
        { BYTES("<html><a href='X y'>t</a>"), BYTES("<html><a href=\042x y\042>t</a>"), BYTES(" X y t ") },
        { BYTES("<html><a  href = \042X\042 >t</a>"), BYTES("<html><a href=\042x\042>t</a>"),
          BYTES(" X t ") },
        { BYTES("<html><a href=\042x\042 href='Y' checked>t</a>"),
          BYTES("<html><a href=\042x\042 href=\042y\042 checked>t</a>"), BYTES(" x t ") },
        { BYTES("<html>a\015\012b\011c\000d\001e\351f\177g"),
          BYTES("<html>a b cd\001e\351f\177g"),
          { NULL, 0 } },
        { BYTES("<html>x<!-- C -->y<!-->z<!--->w<!x>v<\077php echo 1\077>u"),
          BYTES("<html>xyzwv<\077php echo 1\077>u"), BYTES(" x y z w v u") },
        { BYTES("<html><script>A  = 1; B=\042X y\042; // c\012 c='Q';</script>"),
          BYTES("<html><script>a=1;b=\042xy\042;//cc=\042q\042;</script>"), BYTES(" ") },
        { BYTES("<html><SCRIPT SRC=\042Foo\042>"), BYTES("<html><script src=\042foo\042>"), BYTES(" ") },
        { BYTES("<html><style>A { B : C }</style>D E"), BYTES("<html><style>a{b:c}</style>d e"),
          BYTES(" d e") },
        { BYTES("<html><p>a<p >b< p>c</ p>d<>e<3"), BYTES("<html><p>a<p>b<p>c</ p>d<>e<3"),
          BYTES(" a b c d e ") },
        { BYTES("<html><textarea>A B</textarea>"), BYTES("<html><textarea>a b</textarea>"), BYTES(" a b ") },
        { BYTES("<html><a href=\042java\012script:x\042>"), BYTES("<html><a href=\042java script:x\042>"),
          BYTES(" ") },
        { BYTES("<html><a href=\042a&amp;b &#65;\042>"), BYTES("<html><a href=\042a&b a\042>"), BYTES(" ") },
        { BYTES("<html>&#65;&#66;"), BYTES("<html>ab"), BYTES(" ") },
        { BYTES("<html>%41%42 <a href=\042%41\042>"), BYTES("<html>%41%42 <a href=\042%41\042>"),
          BYTES(" %41%42 ") },
        { BYTES("<html><IMG SRC=\042Data:Foo\042>"), BYTES("<html><img src=\042data:foo\042>"), BYTES(" ") },
        { BYTES("<html>text only"), BYTES("<html>text only"), BYTES(" text only") },
        { BYTES("<html>a > b \042 c ' d"), BYTES("<html>a > b \042 c ' d"), BYTES(" a > b \042 c ' d") },
        { BYTES("<html><a href=A>B"), BYTES("<html><a href=a>b"), BYTES(" A b") },
        { BYTES("<html><a href=\042unterminated"), BYTES("<html><a href=\042unterminated"), BYTES(" ") },
        { BYTES("<html></A><B/><C />"), BYTES("<html></a><b/><c />"), BYTES(" ") },
        { BYTES("<html><script>x</script >y"), BYTES("<html><script>x</script>y"), { NULL, 0 } },
        { BYTES("<html><script>\042</script>\042z"), BYTES("<html><script>\042</script>\042z"),
          BYTES(" \042z") },
        { BYTES("<html><title>T t</title>X Y"), BYTES("<html><title>t t</title>x y"), BYTES(" t t x y") },
        { BYTES("<html>a<!-- x > y -->b"), BYTES("<html>ay -->b"), BYTES(" a y -->b") },
        { BYTES("<html>a<!-- unterminated > b"), BYTES("<html>ab"), BYTES(" a b") },
        { BYTES("<html>a<!-- x -- > b --> c"), BYTES("<html>ab --> c"), BYTES(" a b --> c") },
        { BYTES("<html><!DOCTYPE html PUBLIC \042x>y\042>z"), BYTES("<html>y\042>z"), BYTES(" y\042>z") },
        { BYTES("<html><![CDATA[ a > b ]]>c"), BYTES("<html>b ]]>c"), BYTES(" b ]]>c") },
        { BYTES("<html><script>if(a<b && c>d){}</script>"), BYTES("<html><script>if(a<b&&c>d){}</script>"),
          BYTES(" ") },
        { BYTES("<html><script><!-- \012 foo(); \012//--></script>x"),
          BYTES("<html><script><!--foo();//--></script>x"), BYTES(" x") },
        { BYTES("<html><script>a  b</script>"), BYTES("<html><script>ab</script>"), BYTES(" ") },
        { BYTES("<html><script>a\012\012b &amp; c</script>"), BYTES("<html><script>ab&c</script>"),
          BYTES(" ") },
        { BYTES("<html><a href=\042x>y\042>z"), BYTES("<html><a href=\042x>y\042>z"), BYTES(" x>y z") },
        { BYTES("<html><a title=it's>b"), BYTES("<html><a title=it\042s>b"), BYTES(" b") },
        { BYTES("<html><a href=x/>y"), BYTES("<html><a href=x/>y"), BYTES(" x/ y") },
        { BYTES("<html><a\012\012href\012=\012\042x\042>y"), BYTES("<html><a href=\042x\042>y"),
          BYTES(" x y") },
        { BYTES("<html><p  class=a   id=b>t"), BYTES("<html><p class=a id=b>t"), BYTES(" t") },
        { BYTES("<html>a  <b>  c  </b>  d"), BYTES("<html>a <b>c </b>d"), BYTES(" a c d") },
        { BYTES("<html>\012<p>\012\012<b>"), BYTES("<html><p><b>"), BYTES(" ") },
        { BYTES("<html> <p> "), BYTES("<html><p>"), BYTES(" ") },
        { BYTES("<html>a< b"), BYTES("<html>a<b"), BYTES(" a ") },
        { BYTES("<html>a <b"), BYTES("<html>a <b"), BYTES(" a ") },
        { BYTES("<html>a<"), BYTES("<html>a<"), BYTES(" a ") },
        { BYTES("<html>&lt ;x"), BYTES("<html>&lt ;x"), BYTES(" ;x") },
        { BYTES("<html>&lt x"), BYTES("<html>&lt x"), BYTES(" x") },
        { BYTES("<html>&ltx;"), BYTES("<html>&ltx;"), BYTES(" ") },
        { BYTES("<html><a href=&quot;x&quot;>"), BYTES("<html><a href=\042x\042>"), BYTES(" ") },
        { BYTES("<html>&#0065;x&#65x &#65 y"), BYTES("<html>axAx A y"), BYTES(" x x y") },
        { BYTES("<html>&#x41x"), BYTES("<html>Ax"), BYTES(" x") },
        { BYTES("<html>&#xZZ;"), BYTES("<html>\000zz;"), BYTES(" zz;") },
        { BYTES("<html><b>&nbsp;</b>"), BYTES("<html><b>\240</b>"), BYTES(" ") },
        { BYTES("<html><a href=''>x"), BYTES("<html><a href=\042\042>x"), BYTES(" x") },
        { BYTES("<html><a \042foo\042 'bar'>x"), BYTES("<html><a \042foo\042 'bar'>x"), BYTES(" x") },
        { BYTES("<html><a href=\042a'b\042>"), BYTES("<html><a href=\042a\042b\042>"), BYTES(" ") },
        { BYTES("<html><a href='a\042b'>"), BYTES("<html><a href=\042a\042b\042>"), BYTES(" ") },
        { BYTES("<html><br/ >"), BYTES("<html><br/>"), BYTES(" ") },
        { BYTES("<html><A/HREF=x>"), BYTES("<html><a/href=x>"), BYTES(" ") },
        { BYTES("<html><a href=\042x\042b>"), BYTES("<html><a href=\042x\042 b>"), BYTES(" ") },
        { BYTES("<html><a =x>"), BYTES("<html><a=x>"), BYTES(" ") },
        { BYTES("<html>a\000b<\000a>"), BYTES("<html>ab<a>"), BYTES(" ab ") },
        { BYTES("<html><style>/* a b */ x  y</style>"), BYTES("<html><style>/*ab*/xy</style>"), BYTES(" ") },
        { BYTES("<html><SCRIPT>A</SCRIPT ><b>c"), BYTES("<html><script>a</script><b>c"), { NULL, 0 } },
        { BYTES("<html><script>a</scr"), BYTES("<html><script>a</scr"), BYTES(" ") },
        { BYTES("<html><script>\042a  b\042 'c  d'"), BYTES("<html><script>\042ab\042\042cd\042"),
          BYTES(" ") },
        { BYTES("<html><script>/a b/"), BYTES("<html><script>/ab/"), BYTES(" ") },
        { BYTES("<html></script>a  b"), BYTES("<html></script>a b"), BYTES(" a b") },
        { BYTES("<html><a>\351</a>"), BYTES("<html><a>\351</a>"), { NULL, 0 } },
        { BYTES("<html>x&"), BYTES("<html>x"), BYTES(" x ") },
        { BYTES("<html>x&;"), BYTES("<html>x&;"), BYTES(" x ") },
        { BYTES("<html>&&amp;&"), BYTES("<html>&&"), BYTES(" ") },
        { BYTES("<html>&amp;amp;"), BYTES("<html>&amp;"), BYTES(" amp;") },
        { BYTES("<html><%  asp  %>b  c"), BYTES("<html><% asp %>b c"), BYTES(" b c") },
        { BYTES("<html><\077xml a=\042b  c\042\077>d  e"), BYTES("<html><\077xml a=\042b c\042\077>d e"),
          BYTES(" d e") },
        { BYTES("<html>a <!-- c --> b"), BYTES("<html>a b"), BYTES(" a b") },
        { BYTES("<html>a <!-- c -->b"), BYTES("<html>a b"), BYTES(" a b") },
        { BYTES("<html><img src=\042a\042/>x"), BYTES("<html><img src=\042a\042 />x"), BYTES(" a x") },
        { BYTES("<html><img src=\042a\042 />x"), BYTES("<html><img src=\042a\042 />x"), BYTES(" a x") },
        { BYTES("<html><!-- c --> b"), BYTES("<html>b"), BYTES(" b") },
        { BYTES("<html>x<b> <!-- c --> d"), BYTES("<html>x<b>d"), BYTES(" x d") },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        check(row[i].in, glc_html_nocomment, row[i].nocomment);
        if (row[i].notags.ptr != NULL)
            check(row[i].in, glc_html_notags, row[i].notags);
    }
}

static void only_where_a_rule_asks(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, glc_span_str("<html>x"));
    k.parse.wanted = 0;
    glc_format_html.parse(&k.parse);
    assert_int_equal(k.children, 0);
    kit_done(&k);
    kit_init(&k, glc_span_str("<html>x"));
    glc_format_html.parse(&k.parse);
    assert_int_equal(k.children, 2);
    assert_int_equal(k.child[0].cls, GLC_CLASS_HTML_NORM);
    kit_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_the_oracle),
        cmocka_unit_test(only_where_a_rule_asks),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
