"""Rows for regular expressions of logical signatures, and for byte compares where counts and triggers look at them: the expression with its
subsignatures, behind `0` which is `trig`."""

B = b"\x80\x81\x00\x00\x12\x90\x91\xf0"  # keeps a file from being text

FILES = {
    "a": B + b"trig xx abc123 def abc456 abc789" + B, "b": b"abc123" + B + b"trig" + b"Q" * 8,
    "two": B + b"trig trig abc1 abc2" + B, "none": B + b"zz abc123 abc456" + B, "nl": B + b"trig abc\n123 zed Q\n",
    "slash": B + b"trig a/b ABC trig" + B, "high": B + b"trig \xc3\xa9\xe9\xc9 a\r\nb" + B,
    "odd": B + b"trig xx a::b abc123 a;b c\\ abc456" + B, "text": B + b"trig0123abcd  " + B,
}

ROWS = r"""0&1 0/abc\d+/
0&1=3 0/abc\d+/g
0&1=1 0/abc\d+/g
0&1=3 0/abc\d+/
0&1=1 0/abc\d+/
0&1>2 0/abc\d+/g
1 0/abc\d+/
0&1=0 0/abc\d+/
0|1 0/abc\d+/
(0|1)>3,2 0/abc/g
(0|1)>4,2 0/abc/g
(0|1)>1,2 0/abc/
(0|1)>1 0/abc/
(0|1|2)>1,3 61626331 0|1/bc1/
2 61626331 0|1/bc1/
2 61626331 0&1/bc1/
1 0:0/abc\d+/
1 0:0/abc\d+/r
1 8:0/trig/
1 5:0/trig/
1 5:0/trig/r
1 5,9:0/abc/
1 5,20:0/abc/
1 5,20:0/abc/e
1 5,20:0/abc/re
1 16,4:0/abc/e
1 16,4:0/abc/
1 16,4:0/abc/r
1 15,4:0/abc/r
1 15,4:0/abc/
1 15,4:0/abc/e
1 15,4:0/abc/re
1 15,3:0/abc/re
1 30,4:0/abc/r
1 0,7:0/abc789/r
1 0:0/abc/e
1 16:0/abc/e
1 16:0/abc/re
1 10:0/abc/re
1 *:0/abc789/e
1 *:0/abc789/r
1 *:0/abc789/
1 EOF-14:0/abc789/
1 EOF-16:0/abc789/
1 EOF-20:0/abc789/r
1 :0/abc/
1 8:0/^trig/
1 5,9:0/^trig/
1 8:0/^trig/r
1 8,4:0/^trig/e
1 8,4:0/trig$/e
1 8,6:0/trig$/e
1 9:0/(?<=t)rig/
1 9,3:0/(?<=t)rig/e
1 8,4:0/trig(?= )/e
1 5,9:0/trig/A
1 8,9:0/trig/A
1 8:0/trig/Ar
1 5:0/trig/Ar
1 0/trig/A
1 0/abc.123/
1 0/abc.123/s
1 0/^123/
1 0/^123/m
1 0/ABC/i
1 0/ABC/
1 0/a b c/x
1 0/tr ig # c/x
1 0/a.*1/U
1 0/Q$/E
1 0/Q$/
1 0/Q$/m
1 0/ABC1/::i
1 0/abc/::i
1 0/a\/b/
1 0/a\x2fb/
1 0/a::b/
1 0/a::b/i
1 0/a::b/::i
1 0/a:(:b)/
0&1&2 0/a[;]b/ 616263
1 0/c\\/
1 0=0/abc/
0=0&1 0=0/abc/
1 0<2/abc/
0|1 0=0/abc/
1 0>1/abc/
1 0=2/abc/
2 61626331 (0|1)>2/abc/
2 0/abc/ 1/\d/
2 0/xyz/ 1/\d/
3 0/abc/ 1/\d/g 2>2/[a-z]\d/
1 0/x*/
1 0/\z/
1 0/(*UCP)trig/
1 0/(*CRLF)a$/m
1 0/(*LIMIT_MATCH=1)trig/
1 0/\xe9/i
1 0/\xe9\xe9/i
1 0/\w\xe9/
1 0/a.\n/
1 0/a\Rb/
1 0 /abc/
1 (0)/abc/
1 0/abc/ii
1=2 0/a(?=b)|abc4/g
1>1 0/tri|rig/g
1=4 0/abc|(?<=c)\d/g
1 0/tr\Kig/
1 8:0/tr\Kig/
1 10:0/tr\Kig/
1 8,2:0/tr\Kig/
1 8,1:0/tr\Kig/
1 0/tr(?C1)ig/
1 0/(t(?1)?r)ig/
1 0/(?<n>a)?(?(n)bc|trig)/
1 0/(\d)(\d)(?!\1)/
1 0/(?>a+)bc1(?=2)/
1 0/\x00\x00/
1 0/\p{L}/
1 0/tr\Cg/
1 0/[[:alpha:]]{4} abc/
1 1/abc/
1&2 2/abc/ 616263
1 0//
1 /abc/
1 0/abc/z
1 0/abc/|1
1 0/abc
1 (0/abc/
1 0&/abc/
1 9/abc/
1 x:0/abc/
1 EP+0:0/abc/
0&1&2 0/abc/ 1(>>3#il1#=49)
1&2 0(>>4#il1#=32) 1/abc/
1&2 0(>>4#il1#=33) 1/abc/
(0|1)>1 0(>>4#il1#=32)
(0|1)>1,2 0(>>4#il1#=32)
(0|1)>2 0(>>4#il1#=32)
(0|1)>2,2 0(>>4#il1#=32)
(0|1|2)>1,2 0(>>4#il1#=32) 0(>>4#il1#=48)
(0|1|2)>1,3 0(>>4#il1#=32) 0/abc/
(0&1)>1 0(>>4#il1#=32)
0&1=1 0(>>4#il1#=32)
0&1=0 0(>>4#il1#=33)
0&1>1 0(>>4#il1#=32)""".splitlines()


def lines():
    out = []
    for i, row in enumerate(ROWS):
        head, _, sub = row.partition(" ")
        # Blanks part subsignatures, except inside a regular expression and before its first slash.
        parts, regex = [""], False
        for k, c in enumerate(sub):
            regex ^= c == "/" and sub[k - 1] != "\\"
            if c == " " and not regex and not sub[k:].startswith(" /"):
                parts.append("")
            else:
                parts[-1] += c
        out.append(f"X{i};Target:0;" + ";".join([head, "74726967"] + parts))
    return out
