# make-platforms.awk - writes the two synthetic platforms: awk -v platform=xeon-gtx1080|tx2 -f make-platforms.awk >FILE
#
# Totals of AlexNet and VGG-16 on a GTX 1080 and of VGG-16 on a Xeon are published; how they divide into layers, how layers
# gain from cores, copies, and everything else is assumed here, in one place.
function layer(name, share, parallel) {
  n_layer++
  lname[n_layer] = name
  lshare[n_layer] = share
  lparallel[n_layer] = parallel
}

# Share 1/m of the parallel part on m cores, in us.
function on_cores(serial_us, parallel, m) {
  return serial_us * (1 - parallel + parallel / m)
}

function times(type, count, serial_us, parallel,    m, list) {
  for (m = 1; m <= count; m++)
    list = list (m > 1 ? ", " : "") sprintf("%dus", on_cores(serial_us, parallel, m) + 0.999)
  return "{cores: " type ", times: [" list "]}"
}

# serial_us: all layers on one Xeon core; gpu_us: kernels of all layers on a GTX 1080; copy_us: the largest copy.
function model(name, source, serial_us, gpu_us, copy_us,    j, s, g, line) {
  printf "  - name: %s\n    source: \"%s\"\n    layers:\n", name, source
  for (j = 1; j <= n_layer; j++) {
    s = serial_us * lshare[j]
    g = gpu_us * lshare[j] * gpu_factor
    line = times("xeon", 8, s, lparallel[j])
    if (tx2)
      line = times("a57", 4, s * 3, lparallel[j]) ", " times("denver", 2, s * 2, lparallel[j])
    printf "      - name: %s\n        cpu: [%s]\n", lname[j], line
    printf "        gpu: [{gpu: %s, hd: %dus, exec: %dus, misc: %dus, dh: %dus}]\n", gpu, \
      copy_us * copy_factor / j + 15, g + 0.999, 20 * copy_factor, copy_us * copy_factor / (j + 1) + 15
  }
  n_layer = 0
}

BEGIN {
  tx2 = platform == "tx2"
  gpu = tx2 ? "tx2gpu" : "gtx1080"
  gpu_factor = tx2 ? 13 : 1   # assumed: 8.9 TFLOP/s against 0.67
  copy_factor = tx2 ? 2 : 1   # assumed
  batch = tx2 ? 16 : 1        # what published totals of 16 images are divided by

  print "# Written by make-platforms.awk.  Synthetic: only what a source is named for was published, the rest is `assumed`."
  print "name: " platform
  if (tx2) {
    print "about: like an NVIDIA Jetson TX2 (4 Cortex-A57, 2 Denver, integrated GPU), one of the two platforms of DART; times assumed"
    print "cores: [{type: a57, count: 4}, {type: denver, count: 2}]\ngpus: [{type: tx2gpu, count: 1}]"
    print "overheads: {eps_s: 30us, eps_cp: 60us, eps_gp: 200us, eps_gm: 0us}   # assumed"
  } else {
    print "about: like 8 cores of an Intel Xeon E5-2620 v4 and a GTX 1080, one of the two platforms of DART; times mostly assumed"
    print "cores: [{type: xeon, count: 8}]\ngpus: [{type: gtx1080, count: 1}]"
    print "overheads: {eps_s: 10us, eps_cp: 20us, eps_gp: 100us, eps_gm: 0us}   # assumed"
  }
  print "models:"
  other = tx2 ? "; assumed: an A57 core takes 3, a Denver core 2 times as long as a Xeon core, the GPU 13 times as long as a GTX 1080" : ""

  # Layers 2 and 4 gain from cores, 3 and 5 do not: DART's figure of LeNet on the TX2, of which numbers are not published.
  layer("data", .03, 0); layer("conv1", .30, .9); layer("pool1", .06, 0); layer("conv2", .35, .9); layer("pool2", .06, 0)
  layer("ip1", .12, .5); layer("relu1", .02, 0); layer("ip2", .04, .3); layer("prob", .02, 0)
  model("lenet", "all assumed; which layers gain from cores: DART (RTSS 2019), figure of LeNet" other, 4000, 600, 60)

  layer("norm", .02, .5); layer("conv1", .20, .9); layer("conv2", .24, .9); layer("conv3", .18, .9); layer("conv4", .12, .9)
  layer("conv5", .08, .9); layer("fc1", .10, .5); layer("fc2", .03, .5); layer("fc3", .02, .3); layer("out", .01, 0)
  model("pilotnet", "all assumed" other, 24000, 1500, 80)

  layer("conv1", .15, .95); layer("conv2", .26, .95); layer("conv3", .19, .95); layer("conv4", .15, .95)
  layer("conv5", .10, .95); layer("fc6", .10, .5); layer("fc7", .04, .5); layer("fc8", .01, .5)
  model("alexnet", "GPU: 7.00 ms forward for 16 images on a GTX 1080, cuDNN 5.1.05 (jcjohnson/cnn-benchmarks)" \
    (tx2 ? ", a 16th of it for one" : "") "; assumed: shares of layers, copies, CPU times as those of vgg16 to the GPU's" other, \
    3101.76e3 / 0.16875 * 7.00 / 59.37 / batch, 7.00e3 / batch, 800 / batch)

  if (!tx2) {
    layer("conv1_1", .02, .95); layer("conv1_2", .12, .95); layer("conv2_1", .06, .95); layer("conv2_2", .12, .95)
    layer("conv3_1", .06, .95); layer("conv3_2", .12, .95); layer("conv3_3", .12, .95); layer("conv4_1", .06, .95)
    layer("conv4_2", .10, .95); layer("conv4_3", .10, .95); layer("conv5_1", .03, .95); layer("conv5_2", .03, .95)
    layer("conv5_3", .03, .95); layer("fc6", .02, .5); layer("fc7", .008, .5); layer("fc8", .002, .5)
    model("vgg16", "GPU: 59.37 ms forward for 16 images on a GTX 1080, cuDNN 5.1.05; CPU: 3101.76 ms on a dual Xeon E5-2630 v3, taken for 8 cores (jcjohnson/cnn-benchmarks); assumed: shares of layers, gain from cores, copies", \
      3101.76e3 / 0.16875, 59.37e3, 1600)
  }
}
