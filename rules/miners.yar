/*
 * Cryptocurrency miners that somebody else put on a server.
 */

rule Miner_XMRig_Configuration
{
    meta:
        description = "XMRig configuration with a pool and a wallet"
        severity = "medium"
    strings:
        $randomx = "\"randomx\"" nocase
        $cn = "\"cn/" nocase
        $donate = "\"donate-level\"" nocase
        $pools = "\"pools\"" nocase
        $url = /"url"\s{0,4}:\s{0,4}"(stratum\+(tcp|ssl):\/\/)?[0-9A-Za-z.\-]{3,80}:[0-9]{2,5}"/ nocase
        $user = /"user"\s{0,4}:\s{0,4}"[48][0-9A-Za-z]{90,110}/
    condition:
        filesize < 256KB and $pools and $url and ($user or $donate) and any of ($randomx, $cn, $donate)
}

rule Miner_Stratum_Command_Line
{
    meta:
        description = "script that starts a miner against a stratum pool with a wallet"
        severity = "high"
    strings:
        $stratum = /(-o|--url)[ =]{1,2}['"]?stratum\+(tcp|ssl|tls):\/\/[0-9A-Za-z.\-]{3,80}:[0-9]{2,5}/
        $wallet = /(-u|--user)[ =]{1,2}['"]?[48][0-9A-Za-z]{90,110}/
    condition:
        filesize < 1MB and all of them
}

rule Miner_XMRig_Binary
{
    meta:
        description = "XMRig and its offspring: an executable that carries a RandomX miner's messages"
        severity = "medium"
    strings:
        $s1 = "stratum+ssl://"
        $s2 = "stratum+tcp://"
        $x1 = "xmrig" nocase
        $x2 = "randomx_create_vm"
        $x3 = "donate-level"
        $x4 = "cryptonight" nocase
        $x5 = "MSR mod" nocase
    condition:
        (uint32(0) == 0x464c457f or uint16(0) == 0x5a4d) and any of ($s*) and 3 of ($x*)
}

rule Miner_Killer_Script
{
    meta:
        description = "script that kills rival miners and installs its own, as botnet droppers on servers do"
        severity = "high"
    strings:
        $shebang = "#!/bin/"
        $kill1 = /pkill\s{1,4}(-9\s{1,4})?-f\s{1,4}['"]?(kdevtmpfsi|kinsing|xmrig|minerd|cryptonight|sysrv|xmr-stak)/
        $kill2 = /ps\s{1,4}aux\s{0,4}\|\s{0,4}grep\s[^|\n]{0,60}(xmrig|minerd|kinsing|kdevtmpfsi|stratum)[^\n]{0,200}xargs[^\n]{0,40}kill/
        $fetch = /(curl|wget)\s[^\n]{0,120}\|\s{0,4}(ba)?sh/
        $cron = "crontab"
    condition:
        filesize < 512KB and $shebang at 0 and any of ($kill*) and ($fetch or $cron)
}
