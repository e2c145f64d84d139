// peer_simgrid.cpp - SimGrid's part of `make bench-peers`: actors that sleep, and actors that compute on one host, which SimGrid
// shares between them.  A nanosecond here is a second there, whose clock is a double.
#include <simgrid/s4u.hpp>

#include "tests/peers/work.h"

namespace sg4 = simgrid::s4u;

static const int64_t *work;
static peer_ask ask;
static uint64_t n_drawn, n_done;
static double end_ns;

static void sleeper(uint32_t number)
{
  double gap = static_cast<double>(work[number % PEER_WORKS]);
  for (;;) {
    sg4::this_actor::sleep_for(gap);
    if (n_done == ask.total)
      return;
    end_ns = sg4::Engine::get_clock();
    gap = static_cast<double>(work[n_done++ % PEER_WORKS]);
  }
}

static void computer()
{
  while (n_done < ask.total) {
    sg4::this_actor::execute(static_cast<double>(work[n_drawn++ % PEER_WORKS]));
    if (n_done == ask.total)
      return;
    n_done++;
    end_ns = sg4::Engine::get_clock();
  }
}

int main(int argc, char **argv)
{
  sg4::Engine engine(&argc, argv);
  ask = peer_asked(argc, argv);
  work = peer_works();
  auto *zone = sg4::create_star_zone("zone");
  auto *host = zone->create_host("host", 1.0)->seal();
  zone->seal();
  for (uint32_t i = 0; i < ask.number; i++)
    if (ask.is_hold)
      sg4::Actor::create("sleeper", host, sleeper, i);
    else
      sg4::Actor::create("computer", host, computer);
  double began_s = peer_spent_s();
  engine.run();
  peer_tell(ask.total, peer_spent_s() - began_s, end_ns);
  return 0;
}
