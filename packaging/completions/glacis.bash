# bash completion for glacis
_glacis()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} options=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'scan compile explain dump audit yara yarac bench version help' -- "$cur")
        return
    fi
    case $prev in
    --dialect)
        mapfile -t COMPREPLY < <(compgen -W 'yara yara-x' -- "$cur")
        return
        ;;
    --sort)
        mapfile -t COMPREPLY < <(compgen -W 'time candidates judged' -- "$cur")
        return
        ;;
    --format | -f)
        mapfile -t COMPREPLY < <(compgen -W 'text json sarif cyclonedx oscal csv html' -- "$cur")
        return
        ;;
    -S | --scope)
        mapfile -t COMPREPLY < <(compgen -W 'commercial-us federal-civilian contractor-operated dod intelligence contractor telecom manufacturer exporter
            lt-public nl-government nl-abdo uk-government de it-public ro-public ca-government-mobile au-commonwealth' -- "$cur")
        return
        ;;
    -d | -r)
        if [ "${COMP_WORDS[1]}" = audit ]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        fi
        return
        ;;
    --as-of | --discovered | -n | --top | --define | -j | --jobs | --exclude | --max-filesize | --timeout | --rule)
        return
        ;;
    esac
    case ${COMP_WORDS[1]} in
    scan) options='-s --signatures -d --define --json --all -j --jobs --exclude --one-file-system --pid --all-processes --max-filesize
        --timeout --dialect --pua -v --verbose -q --quiet --no-jail --help' ;;
    compile) options='-o --output --add-to -d --define --dialect --pua --strict --no-ir -q --quiet --help' ;;
    explain) options='-s --signatures -r --rule -d --define --dialect --no-jail --help' ;;
    bench) options='rules -d --define -j --jobs -n --top --dialect --json --sort --no-jail --help' ;;
    audit) options='plan explain rules verify-register -r --root -i --image -d --disk -s --sbom --host -S --scope --as-of --discovered
        --json -f --format -o --output --register --import-kesl --timeout --help' ;;
    dump) options='--ir --check --help' ;;
    help) options='scan compile explain dump audit yara yarac bench version' ;;
    esac
    if [[ $cur == -* || ${COMP_WORDS[1]} == help || (${COMP_WORDS[1]} == audit && $COMP_CWORD -eq 2) ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        compopt -o filenames
    fi
}
complete -F _glacis glacis
