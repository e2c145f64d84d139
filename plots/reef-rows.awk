# reef-rows.awk - what the figures of REEF need of `corun run --format csv`, with tabs between:
#   client      POLICY NAME CLASS MODEL requests-per-s latency-mean latency-p50 latency-p95 service-mean service-min requests-done
#   preemption  POLICY - - - - latency-mean latency-p50 latency-p95 - - preemptions
#   device      POLICY NAME - - SMs-in-use
# Times are in ns, and the share of SMs counts from 0 to 1.
{
  line = $0
  while (match(line, /"[^"]*"/)) { # a policy with options
    v = substr(line, RSTART + 1, RLENGTH - 2)
    gsub(/,/, ";", v)
    line = substr(line, 1, RSTART - 1) v substr(line, RSTART + RLENGTH)
  }
  n = split(line, f, ",")
}
NR == 1 { for (i = 1; i <= n; i++) at[f[i]] = i; next }
{
  kind = f[at["row"]]
  policy = f[at["policy"]]
  gsub(/;/, ",", policy)
}
function get(name) { return f[at[name]] == "" ? "-" : f[at[name]] }
kind == "client" || kind == "preemption" {
  is_client = kind == "client"
  print kind "\t" policy "\t" (is_client ? get("name") : "-") "\t" get("class") "\t" get("model") "\t" get("throughput_per_s") "\t" \
    get("latency_mean_ns") "\t" get("latency_p50_ns") "\t" get("latency_p95_ns") "\t" get("service_mean_ns") "\t" \
    get("service_min_ns") "\t" get("requests_done")
}
kind == "device" { print kind "\t" policy "\t" get("name") "\t-\t-\t" get("sm_use_ratio") }
