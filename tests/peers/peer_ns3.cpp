// peer_ns3.cpp - ns-3's part of `make bench-peers`: its events, and tasks that share a processor, which ns-3 does not have and which is
// written here as one would: at each end, what is left of every task is brought forward, and the next end is scheduled.
#include <ns3/core-module.h>

#include <vector>

#include "tests/peers/work.h"

static const int64_t *work;
static peer_ask ask;
static uint64_t n_drawn, n_done;
static double end_ns;

static void hold()
{
  end_ns = static_cast<double>(ns3::Simulator::Now().GetNanoSeconds());
  ns3::Simulator::Schedule(ns3::NanoSeconds(work[n_done % PEER_WORKS]), &hold);
  if (++n_done == ask.total)
    ns3::Simulator::Stop();
}

// Of each task, ns of work; the times that follow from it are rounded to ns, its own are not.
static std::vector<double> left;
static double now_ns;

static void next_end();

static void one_ends()
{
  size_t least = 0;
  for (size_t i = 1; i < left.size(); i++)
    if (left[i] < left[least])
      least = i;
  double done = left[least];
  now_ns += done * static_cast<double>(left.size());
  for (double &l : left)
    l -= done;
  left[least] = static_cast<double>(work[n_drawn++ % PEER_WORKS]);
  end_ns = now_ns;
  if (++n_done == ask.total)
    ns3::Simulator::Stop();
  else
    next_end();
}

static void next_end()
{
  double least = left[0];
  for (double l : left)
    least = l < least ? l : least;
  double at_ns = now_ns + least * static_cast<double>(left.size());
  int64_t in_ns = static_cast<int64_t>(at_ns + 0.5) - ns3::Simulator::Now().GetNanoSeconds();
  ns3::Simulator::Schedule(ns3::NanoSeconds(in_ns), &one_ends);
}

int main(int argc, char **argv)
{
  ask = peer_asked(argc, argv);
  work = peer_works();
  if (ask.is_hold) {
    for (uint32_t i = 0; i < ask.number; i++)
      ns3::Simulator::Schedule(ns3::NanoSeconds(work[i % PEER_WORKS]), &hold);
  } else {
    for (; n_drawn < ask.number; n_drawn++)
      left.push_back(static_cast<double>(work[n_drawn % PEER_WORKS]));
    next_end();
  }
  double began_s = peer_spent_s();
  ns3::Simulator::Run();
  peer_tell(ask.total, peer_spent_s() - began_s, end_ns);
  ns3::Simulator::Destroy();
  return 0;
}
