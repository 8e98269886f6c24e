# fish completion for glacis
function __glacis_needs_command
    test (count (commandline -opc)) -eq 1
end
function __glacis_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end

complete -c glacis -f -n __glacis_needs_command -a scan -d 'judge files and folders'
complete -c glacis -f -n __glacis_needs_command -a compile -d 'make an image of signatures'
complete -c glacis -f -n __glacis_needs_command -a explain -d 'say why rules match a file or not'
complete -c glacis -f -n __glacis_needs_command -a dump -d 'show what is in an image'
complete -c glacis -f -n __glacis_needs_command -a yara -d 'scan and answer as yara does'
complete -c glacis -f -n __glacis_needs_command -a yarac -d 'compile rules as yarac does'
complete -c glacis -f -n __glacis_needs_command -a audit -d 'find restricted software'
complete -c glacis -f -n __glacis_needs_command -a version -d 'say which version this is'
complete -c glacis -f -n __glacis_needs_command -a help -d 'show help'

complete -c glacis -n '__glacis_is scan explain' -s s -l signatures -r -F -d 'judge by this image or source'
complete -c glacis -n '__glacis_is scan explain compile' -s d -l define -x -d 'give an external variable a value'
complete -c glacis -n '__glacis_is scan explain compile' -l dialect -x -a 'yara yara-x' -d 'how YARA sources are read'
complete -c glacis -n '__glacis_is scan compile' -l pua -d 'potentially unwanted programs too'
complete -c glacis -n '__glacis_is scan explain' -l no-jail -d 'do not jail the workers'
complete -c glacis -n '__glacis_is scan' -l json -d 'one JSON object a line for every file'
complete -c glacis -n '__glacis_is scan' -l all -d 'every finding of a file'
complete -c glacis -n '__glacis_is scan' -s j -l jobs -x -d workers
complete -c glacis -n '__glacis_is scan' -l exclude -x -d 'leave out what matches'
complete -c glacis -n '__glacis_is scan' -l one-file-system -d 'do not enter other file systems'
complete -c glacis -n '__glacis_is scan' -l pid -x -a '(__fish_complete_pids)' -d 'judge the memory of this process'
complete -c glacis -n '__glacis_is scan' -l all-processes -d 'judge the memory of every process'
complete -c glacis -n '__glacis_is scan' -l max-filesize -x -d 'larger files are unscanned'
complete -c glacis -n '__glacis_is scan' -l timeout -x -d 'longest for a file'
complete -c glacis -n '__glacis_is scan' -s v -l verbose -d 'name clean files too'
complete -c glacis -n '__glacis_is scan compile' -s q -l quiet -d 'say less'
complete -c glacis -f -n __glacis_needs_command -a bench -d 'show what each rule costs on a corpus'
complete -c glacis -n '__glacis_is bench' -a rules -d 'cost per rule'
complete -c glacis -n '__glacis_is bench' -s j -l jobs -x -d 'workers'
complete -c glacis -n '__glacis_is bench' -s n -l top -x -d 'rules to show'
complete -c glacis -n '__glacis_is bench' -l json -d 'JSON lines'
complete -c glacis -n '__glacis_is bench' -l sort -x -a 'time candidates judged' -d 'order'
complete -c glacis -n '__glacis_is compile' -s o -l output -r -F -d 'the image to write'
complete -c glacis -n '__glacis_is compile' -l add-to -r -F -d 'the image to add to'
complete -c glacis -n '__glacis_is compile' -l strict -d 'what is not taken is an error'
complete -c glacis -n '__glacis_is compile' -l no-ir -d 'leave out the text of the rules'
complete -c glacis -n '__glacis_is explain' -s r -l rule -x -d 'explain this rule'
complete -c glacis -n '__glacis_is dump' -l ir -d 'the rules as text'
complete -c glacis -n '__glacis_is dump' -l check -d 'validate only'
complete -c glacis -n '__glacis_is help' -f -a 'scan compile explain dump bench version'
complete -c glacis -f -n '__glacis_is audit' -a 'plan explain rules verify-register'
complete -c glacis -n '__glacis_is audit' -s r -l root -r -F -d 'a root folder'
complete -c glacis -n '__glacis_is audit' -s i -l image -r -F -d 'a container image'
complete -c glacis -n '__glacis_is audit' -s d -l disk -r -F -d 'a disk image'
complete -c glacis -n '__glacis_is audit' -s s -l sbom -r -F -d 'a CycloneDX or SPDX document'
complete -c glacis -n '__glacis_is audit' -l host -d 'the running host'
complete -c glacis -n '__glacis_is audit' -s S -l scope -x -a 'commercial-us federal-civilian contractor-operated dod intelligence contractor telecom manufacturer exporter lt-public nl-government nl-abdo uk-government de it-public ro-public ca-government-mobile au-commonwealth' -d 'whose duties'
complete -c glacis -n '__glacis_is audit' -l as-of -x -d 'as of this date'
complete -c glacis -n '__glacis_is audit' -l discovered -x -d 'when it was found'
complete -c glacis -n '__glacis_is audit' -l json -d 'the same as --format json'
complete -c glacis -n '__glacis_is audit' -s f -l format -x -a 'text json sarif cyclonedx oscal csv html' -d format
complete -c glacis -n '__glacis_is audit' -s o -l output -r -F -d 'write there'
complete -c glacis -n '__glacis_is audit' -l register -r -F -d 'the register'
complete -c glacis -n '__glacis_is audit' -l import-kesl -r -F -d 'a KESL settings export'
complete -c glacis -n '__glacis_is audit' -l timeout -x -d 'longest for a file'
