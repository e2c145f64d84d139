# caption.sh - what a figure or a table says of itself, from the head of its .gp; scripts source it once they have $plots.
#
# question NAME: what it answers.  origin NAME: by which command, seed and version.  Scenarios are named by themselves, and drawn by run.gp.
. "$plots/table-setup.sh"
gp_of() {
  if [ -r "$plots/$1.gp" ]; then echo "$plots/$1.gp"; else echo "$plots/run.gp"; fi
}
question() {
  [ -r "$plots/$1.gp" ] || printf '%s: ' "$1"
  sed -n '1s/^# //p' "$(gp_of "$1")"
}
origin() {
  printf '%s; seed 1; %s' "$(sed -n "s/^# By: //p" "$(gp_of "$1")" | sed "s/SCENARIO/$1/")" "$("$corun" --version | head -n 1)"
}
