/*
 * Web shells: a request's parameter that reaches an evaluator or a shell, in a file of a web server's languages.
 */

rule WebShell_PHP_Eval_Of_Request
{
    meta:
        description = "PHP hands a request parameter straight to an evaluator"
        severity = "high"
    strings:
        $php = "<?php" nocase
        $php_short = "<?="
        $eval = /(eval|assert|create_function|preg_replace)\s{0,8}\(\s{0,8}@?(stripslashes\s{0,4}\(\s{0,4}|base64_decode\s{0,4}\(\s{0,4}|gzinflate\s{0,4}\(\s{0,4}|str_rot13\s{0,4}\(\s{0,4}){0,3}\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[/ nocase
    condition:
        filesize < 2MB and any of ($php*) and $eval
}

rule WebShell_PHP_Command_Of_Request
{
    meta:
        description = "PHP runs a request parameter as a command"
        severity = "high"
    strings:
        $php = "<?php" nocase
        $php_short = "<?="
        $run = /(system|shell_exec|passthru|exec|popen|proc_open|pcntl_exec)\s{0,8}\(\s{0,8}@?(urldecode\s{0,4}\(\s{0,4}|base64_decode\s{0,4}\(\s{0,4}|trim\s{0,4}\(\s{0,4}){0,2}\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[/ nocase
        $tick = /`\s{0,4}\{?\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[/ nocase
    condition:
        filesize < 2MB and any of ($php*) and ($run or $tick)
}

rule WebShell_PHP_Packed_Loader
{
    meta:
        description = "PHP evaluates a long encoded blob, the usual wrapper of a packed web shell"
        severity = "high"
    strings:
        $php = "<?php" nocase
        $load = /eval\s{0,4}\(\s{0,4}(gzinflate|gzuncompress|gzdecode|str_rot13|base64_decode|strrev)\s{0,4}\(\s{0,4}((gzinflate|gzuncompress|str_rot13|base64_decode|strrev)\s{0,4}\(\s{0,4}){0,4}['"][A-Za-z0-9+\/=]{200}/ nocase
    condition:
        filesize < 5MB and $php and $load
}

rule WebShell_PHP_Variable_Function
{
    meta:
        description = "PHP calls a function whose name comes from the request, with an argument from the request"
        severity = "high"
    strings:
        $php = "<?php" nocase
        $call = /@?\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[[^\]]{1,40}\]\s{0,4}\(\s{0,4}@?\$_(GET|POST|REQUEST|COOKIE)\s{0,4}\[/ nocase
    condition:
        filesize < 2MB and $php and $call
}

rule WebShell_JSP_Runtime_Exec
{
    meta:
        description = "JSP page runs a request parameter as a command"
        severity = "high"
    strings:
        $page = "<%"
        $exec = /(getRuntime\s{0,4}\(\s{0,4}\)\s{0,4}\.\s{0,4}exec|new\s{1,8}ProcessBuilder)\s{0,4}\([^;]{0,80}request\s{0,4}\.\s{0,4}getParameter/
        $runtime = /getRuntime\s{0,4}\(\s{0,4}\)\s{0,4}\.\s{0,4}exec\s{0,4}\(/
        $param = /String\s{1,8}(cmd|command|c|pass)\s{0,4}=\s{0,4}request\s{0,4}\.\s{0,4}getParameter\s{0,4}\(/
    condition:
        filesize < 1MB and $page and ($exec or ($runtime and $param))
}

rule WebShell_ASPX_Eval_Or_Process
{
    meta:
        description = "ASP page evaluates a request item or starts a shell with it"
        severity = "high"
    strings:
        $page = "<%"
        $eval = /eval\s{0,4}\(?\s{0,4}Request\s{0,4}(\.\s{0,4}(Item|Form|QueryString)\s{0,4})?[\[\(]/ nocase
        $execute = /execute(global)?\s{0,4}\(?\s{0,4}Request\s{0,4}[\[\(]/ nocase
        $process = "System.Diagnostics.Process" nocase
        $shell = "cmd.exe" nocase
        $request = /Request\s{0,4}(\.\s{0,4}(Form|QueryString|Item|Params))?\s{0,4}[\[\(]/ nocase
    condition:
        filesize < 1MB and $page and ($eval or $execute or ($process and $shell and $request))
}

rule WebShell_Known_Banners
{
    meta:
        description = "names that widespread web shells print of themselves"
        severity = "high"
    strings:
        $php = "<?php" nocase
        $b1 = "b374k" fullword
        $b2 = "r57shell" nocase
        $b3 = "c99shell" nocase
        $b4 = "FilesMan" fullword
        $b5 = "WSO_VERSION"
        $b6 = "phpspy" nocase fullword
        $b7 = "weevely" nocase fullword
    condition:
        filesize < 2MB and $php and any of ($b*)
}
