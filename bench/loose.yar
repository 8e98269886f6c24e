/*
 * Rules as people write them without thinking of the matcher: strings of two bytes, wildcards first, `.*`, classes with
 * plus, counts of what is everywhere. yara falls under 1 MB/s on them: a string without a rare part is tried at every
 * place, and every place where it matches is kept, whatever the condition wants to know. No single rule is to blame for
 * all of it; the worst for yara are the unbroken runs, of which every byte begins one.
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

rule loose_bytes_everywhere
{
    strings:
        $a = { 00 00 }
        $b = { FF FF }
        $c = { 48 8B }
        $d = { E8 ?? ?? ?? ?? }
    condition:
        #a > 10 * #b and #c + #d > filesize \ 4
}

rule loose_many_short
{
    strings:
        $ = "id"
        $ = "ip"
        $ = "cmd" nocase
        $ = "run" nocase
        $ = "exe" nocase wide ascii
        $ = "tmp" nocase wide ascii
        $ = "pwd" fullword
        $ = "key" nocase fullword
        $ = "SYN"
        $ = "GET"
        $ = "POST"
        $ = "/sh"
        $ = "su "
        $ = "rm "
        $ = { CD 80 }
        $ = { 0F 05 }
        $ = { FF E4 }
        $ = { 31 C0 }
        $ = { 58 C3 }
        $ = { EB FE }
    condition:
        18 of them
}

rule loose_counts_of_words
{
    strings:
        $a = "cmd" nocase
        $b = "exe" nocase wide ascii
        $c = "pwd" nocase fullword
        $d = "the" nocase
    condition:
        #a + #b + #c > #d
}

rule loose_xor
{
    strings:
        $a = "http" xor
        $b = "MZ" xor
    condition:
        #a > 100 or #b > 900000
}

rule loose_embedded_program
{
    strings:
        $mz = "MZ"
    condition:
        for any i in (1..#mz) : ( @mz[i] > 0 and uint32(@mz[i] + uint32(@mz[i] + 0x3c)) == 0x00004550 )
}

rule loose_zero_pairs_close
{
    strings:
        $a = { FF FF }
    condition:
        #a > 64 and for all i in (2..#a) : ( @a[i] - @a[i - 1] < 4096 )
}

rule loose_mail_address
{
    strings:
        $a = /[a-z]+@/
        $b = /[a-z0-9._]+@[a-z0-9.]+\.(com|net|org|ru|cn)/
        $c = /\b[\w.+-]+@[\w-]+\.[\w.-]+/
    condition:
        #a > 10000 or #b > 1000 or #c > 10000
}

rule loose_address_of_a_host
{
    strings:
        $name = /([\w-]+\.)+(com|net|org|info|ru|cn|top|xyz)/ nocase wide ascii
        $url = /https?:\/\/([\w.-]+)([\/\w .-]*)/ wide ascii
        $ip = /([0-9]{1,3}\.){3}[0-9]{1,3}/ wide ascii
    condition:
        #name > 5000 or #url > 5000 or #ip > 5000
}

rule loose_any_between
{
    strings:
        $a = /http.*\.exe/
        $b = /User-Agent: .*curl.*wget/ nocase
        $c = /eval\s*\(.*base64_decode/ nocase
        $d = /p.*a.*s.*s.*w.*d/
    condition:
        ($a and $b) or $c or #d > 100000
}

rule loose_any_first
{
    strings:
        $a = /.*\.(exe|dll|scr|pif)/ nocase
        $b = /.+evil/
        $c = /[^\n]*powershell[^\n]*-enc/ nocase
    condition:
        #a > 50000 or $b or $c
}

rule loose_wildcards_first
{
    strings:
        $a = { ?? ?? ?? 83 C4 ?? C3 90 90 }
        $b = { ?? 5? 8B EC ?? ?? E8 [4-20] C9 C3 CC CC }
        $c = { 4? [4] 48 8B ?? ?? [2-8] 0F 84 }
        $d = { ?? ?? 00 00 [0-200] ?? E9 }
    condition:
        ($a and $b and $c) or #d > 100000
}

rule loose_jumps
{
    strings:
        $a = { E8 [4] [0-100] C3 }
        $b = { FF 15 [4-400] FF 15 }
        $c = { 48 8B [2-40] 48 89 [2-40] E8 }
    condition:
        #a > 100000 or #b > 1000 or #c > 100000
}

rule loose_numbers
{
    strings:
        $a = /[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/
        $b = /\d{4}-\d{4}-\d{4}-\d{4}/
        $c = /(0x[0-9a-f]{1,2},?\s*){4,}/
        $d = /[0-9a-fA-F]{32}/ fullword
    condition:
        #a > 10000 or #b > 1000 or #c > 10000 or #d > 10000
}

rule loose_base64
{
    strings:
        $a = /[A-Za-z0-9+\/]{40,}={0,2}/
        $b = /([A-Za-z0-9+\/]{4}){10,}([A-Za-z0-9+\/]{2}==|[A-Za-z0-9+\/]{3}=)/
    condition:
        #a > 500000 or #b > 10000
}

rule loose_words
{
    strings:
        $a = /\w+\s+\w+\s+xyzzy/
        $b = /(\w+\s+){3,}/
        $c = /[a-z_]+ *= *[^;]+;/
    condition:
        $a or #b > 900000 or #c > 900000
}

rule loose_unbroken_runs
{
    strings:
        $a = /[\x20-\x7e]{6,}/
        $b = /[^\x00]{50,}/
        $c = /[^\x00-\x1f]{200,}zzzz/
    condition:
        #a > 900000 or #b > 900000 or $c
}
