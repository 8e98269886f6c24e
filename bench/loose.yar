/*
 * Rules as people write them without thinking of the matcher: strings of two bytes, wildcards first, `.*`, classes with
 * plus. libyara falls under 1 MB/s on sets like this.
 */

rule loose_two_bytes
{
    strings:
        $a = "MZ"
        $b = { 90 90 }
        $c = "ab"
        $d = { 0F 05 }
        $e = "%s"
    condition:
        #a > 1000 and #b > 1000 and $c and $d and $e
}

rule loose_mail_address
{
    strings:
        $a = /[a-z0-9._]+@[a-z0-9.]+\.(com|net|org|ru|cn)/
    condition:
        #a > 100000
}

rule loose_any_between
{
    strings:
        $a = /http.*\.exe/
        $b = /User-Agent: .*curl.*wget/ nocase
    condition:
        $a and $b
}

rule loose_wildcards_first
{
    strings:
        $a = { ?? ?? ?? 83 C4 ?? C3 90 90 }
        $b = { ?? 5? 8B EC ?? ?? E8 [4-20] C9 C3 CC CC }
        $c = { 4? [4] 48 8B ?? ?? [2-8] 0F 84 }
    condition:
        all of them and filesize > 4096MB
}

rule loose_digits
{
    strings:
        $a = /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/
        $b = /\d{4}-\d{4}-\d{4}-\d{4}/
    condition:
        #a > 100000 or #b > 1000
}

rule loose_classes
{
    strings:
        $a = /[A-Za-z0-9+\/]{40,}={0,2}/
        $b = /[^\x00-\x1f]{200,}zzzz/
        $c = /\w+\s+\w+\s+xyzzy/
    condition:
        #a > 100000 or $b or $c
}

rule loose_nocase_short
{
    strings:
        $a = "cmd" nocase
        $b = "exe" nocase wide ascii
        $c = "pwd" nocase fullword
    condition:
        #a + #b + #c > 1000000
}

rule loose_bytes_everywhere
{
    strings:
        $a = { 00 00 00 00 }
        $b = { FF FF }
        $c = { 48 8B }
    condition:
        #a > 900000 and #b > 900000 and #c > 900000
}
