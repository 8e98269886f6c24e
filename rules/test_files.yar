/*
 * The industry's harmless test files: what a scanner must find to show that it works.
 */

rule EICAR_Test_File
{
    meta:
        description = "EICAR anti-virus test file, at the start of a file of at most 128 bytes as its definition says"
        reference = "https://www.eicar.org/download-anti-malware-testfile/"
        severity = "test"
    strings:
        // The 68 bytes, as hex so that this file is not itself a test file.
        $eicar = { 58 35 4F 21 50 25 40 41 50 5B 34 5C 50 5A 58 35 34 28 50 5E 29 37 43 43 29 37 7D 24
                   45 49 43 41 52 2D 53 54 41 4E 44 41 52 44 2D 41 4E 54 49 56 49 52 55 53 2D 54 45 53
                   54 2D 46 49 4C 45 21 24 48 2B 48 2A }
    condition:
        filesize <= 128 and $eicar at 0
}

rule EICAR_Test_String_Embedded
{
    meta:
        description = "EICAR test string somewhere in a larger file"
        severity = "test"
    strings:
        $eicar = { 58 35 4F 21 50 25 40 41 50 5B 34 5C 50 5A 58 35 34 28 50 5E 29 37 43 43 29 37 7D 24
                   45 49 43 41 52 2D 53 54 41 4E 44 41 52 44 2D 41 4E 54 49 56 49 52 55 53 2D 54 45 53
                   54 2D 46 49 4C 45 21 24 48 2B 48 2A }
    condition:
        filesize > 128 and $eicar
}

rule AMTSO_Test_File
{
    meta:
        description = "AMTSO feature-check files: cloud lookup, potentially unwanted application, phishing page"
        reference = "https://www.amtso.org/security-features-check/"
        severity = "test"
    strings:
        $amtso = "AMTSO"
        $pua = "PUA-test" nocase
        $pua2 = "potentially unwanted application" nocase
        $cloud = "cloudcar" nocase
        $phish = "phishing test page" nocase
    condition:
        filesize < 1MB and $amtso and any of ($pua*, $cloud, $phish)
}
