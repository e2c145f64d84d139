# corun.fish - completion for fish.  `corun complete` says what fits (sim/cmd_complete.h); nothing of it is written here.
function __corun_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete $words[2..-1] 2>/dev/null | while read -l line
        switch $line
            case :files
                # a file behind --output= is completed by itself, and the option put before it again
                set -l option (string match -r -- '^--[a-z-]*=' $words[-1])
                set -l part (string replace -r -- '^--[a-z-]*=' '' $words[-1])
                __fish_complete_path $part | string replace -r -- '^' "$option"
            case :commands
                __fish_complete_command
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c corun -f -a '(__corun_complete)'
