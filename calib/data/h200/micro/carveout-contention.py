# What co-residents do to a kernel, and when an SM's shared-memory carve-out changes: run on an NVIDIA H200 (driver
# 580.159.04, CUDA 13.0, PyTorch 2.11, CuPy 14.2) on 2026-11-22 as `OUT=. python3 carveout-contention.py`, in 13 s.
#
# contend rows: median, least and greatest us of a kernel (mean of 40 in a graph) beside a long-running one that holds one
# block on each SM; the last column is 1 where the long one ended too early, so that the row says nothing.
# carve rows: start and end, us, of the blocks of small scenarios, how long until the last one started, on how many SMs.
import os, time
import cupy as cp, torch
import numpy as np
OUT=os.environ.get('OUT','/tmp')
torch.backends.cudnn.benchmark=False
torch.backends.cuda.matmul.allow_tf32=False
torch.backends.cudnn.allow_tf32=True
dev=torch.device('cuda'); torch.manual_seed(0)
log=open(OUT+'/carveout-contention.csv','w')
def emit(*a):
    s=','.join(str(x) for x in a); log.write(s+'\n'); log.flush()
src=r'''
extern "C" {
__device__ __forceinline__ unsigned long long gt(){unsigned long long t;asm volatile("mov.u64 %0, %%globaltimer;":"=l"(t));return t;}
__device__ __forceinline__ unsigned smid(){unsigned r;asm volatile("mov.u32 %0, %%smid;":"=r"(r));return r;}
__global__ void spin(unsigned long long ns, unsigned long long* out, int base){
  extern __shared__ char sm[];
  unsigned long long t0=gt(); if(threadIdx.x==0&&out){out[(base+blockIdx.x)*3]=t0;out[(base+blockIdx.x)*3+2]=smid();}
  while(gt()-t0<ns) __nanosleep(200);
  if(threadIdx.x==0&&out) out[(base+blockIdx.x)*3+1]=gt();
}
__global__ void bg_sleep(unsigned long long ns){ unsigned long long t0=gt(); while(gt()-t0<ns) __nanosleep(2000); }
__global__ void bg_ffma(unsigned long long ns, float* o){ unsigned long long t0=gt(); float a=threadIdx.x,b=1.0001f,c=0.5f,d=2.f,e=3.f,f=4.f; 
  for(;;){ for(int i=0;i<512;i++){a=a*b+c;d=d*b+c;e=e*b+c;f=f*b+c;} if(gt()-t0>ns)break;} if(a+d+e+f==12345.f)o[0]=a; }
__global__ void bg_lat(unsigned long long ns, float* o){ unsigned long long t0=gt(); float a=threadIdx.x,b=1.0001f,c=0.5f; 
  for(;;){ for(int i=0;i<512;i++){a=a*b+c;} if(gt()-t0>ns)break;} if(a==12345.f)o[0]=a; }
__global__ void bg_l2(unsigned long long ns, const float4* x, float* o, unsigned n){ unsigned long long t0=gt(); float s=0; unsigned i=blockIdx.x*blockDim.x+threadIdx.x; 
  for(;;){ for(int k=0;k<64;k++){ float4 v=__ldcg(x+i); s+=v.x; i+=gridDim.x*blockDim.x; if(i>=n)i-=n; } if(gt()-t0>ns)break;} if(s==12345.f)o[0]=s; }
__global__ void bg_smem(unsigned long long ns, float* o){ extern __shared__ float s[]; unsigned long long t0=gt(); float a=0; unsigned t=threadIdx.x; s[t]=t; __syncthreads();
  for(;;){ for(int k=0;k<256;k++){ a+=s[(t+k*33)&1023]; } if(gt()-t0>ns)break;} if(a==12345.f)o[0]=a; }
}
'''
mod=cp.RawModule(code=src,options=('-std=c++14',))
pin=cp.cuda.alloc_pinned_memory(64)
flag=np.frombuffer(pin,dtype=np.int32,count=1); flag[0]=0
ptr=np.uint64(pin.ptr)
o=cp.zeros(16,dtype=cp.float32); big=cp.zeros(64<<20,dtype=cp.uint8); hbm=cp.zeros(2<<30,dtype=cp.uint8)
def lin(m,k,n):
    x=torch.randn(m,k,device=dev); w=torch.randn(n,k,device=dev); b=torch.randn(n,device=dev)
    return lambda: torch.nn.functional.linear(x,w,b)
def conv(ci,co,k,hw,s=1):
    x=torch.randn(1,ci,hw,hw,device=dev); c=torch.nn.Conv2d(ci,co,k,stride=s,padding=k//2,bias=False).to(dev)
    return lambda: c(x)
def ew(n):
    x=torch.randn(n,device=dev); return lambda: torch.relu(x)
def ln(m,n):
    x=torch.randn(m,n,device=dev); l=torch.nn.LayerNorm(n).to(dev); return lambda: l(x)
victims={'lin3072x768':lin(128,3072,768),'lin768x768':lin(128,768,768),'lin768x3072':lin(128,768,3072),
 'c128-32-3':conv(128,32,3,14),'c1024-256-1':conv(1024,256,1,14),'c256-256-3':conv(256,256,3,14),'c512-512-3':conv(512,512,3,14),'c64-64-224':conv(64,64,3,224),'relu98K':ew(98304),'relu3M':ew(3211264),'ln128x768':ln(128,768)}
vs=torch.cuda.Stream()
graphs={}
with torch.no_grad():
  for n,f in victims.items():
    with torch.cuda.stream(vs):
        for _ in range(3): f()
        torch.cuda.synchronize()
        g=torch.cuda.CUDAGraph()
        with torch.cuda.graph(g,stream=vs):
            for _ in range(40): f()
    graphs[n]=g
torch.cuda.synchronize()
def time_graph(g,reps=7):
    ts=[]
    with torch.cuda.stream(vs):
        for _ in range(reps):
            a=torch.cuda.Event(enable_timing=True);b=torch.cuda.Event(enable_timing=True)
            a.record(vs); g.replay(); b.record(vs); b.synchronize(); ts.append(a.elapsed_time(b)*1e3/40)
    ts.sort(); return ts[len(ts)//2],ts[0],ts[-1]
bgs=cp.cuda.Stream(non_blocking=True)
BG=[('none',None,0,0,(),0,-1)]
for b in (32,128,512): BG.append(('sleep-%d'%b,'bg_sleep',132,b,(),0,100))
BG.append(('sleep-128-carve50','bg_sleep',132,128,(),0,50))
for sk in (16,64,100): BG.append(('sleep-128-smem%dK'%sk,'bg_sleep',132,128,(),sk*1024,100))
for b in (32,64,128,256,512): BG.append(('ffma-%d'%b,'bg_ffma',132,b,(o,),0,100))
for b in (128,512): BG.append(('lat-%d'%b,'bg_lat',132,b,(o,),0,100))
for b in (128,256,512): BG.append(('smem-%d'%b,'bg_smem',132,b,(o,),4096,100))
for b in (64,256,1024): BG.append(('l2-%d'%b,'bg_l2',132,b,(big,o,np.uint32((16<<20)//16)),0,100))
for b in (64,256,1024): BG.append(('dram-%d'%b,'bg_l2',132,b,(hbm,o,np.uint32((2<<30)//16)),0,100))
for g in (33,66): BG.append(('ffma-256-g%d'%g,'bg_ffma',g,256,(o,),0,100))
t_all=time.time()
res={}
hit={}
def setk(name,smem,carve):
    f=mod.get_function(name)
    f.max_dynamic_shared_size_bytes=max(smem,49152)
    f.preferred_shared_memory_carveout=carve
    return f
def contend():
  for name,kern,grid,block,args,smem,carve in BG:
    for v,g in graphs.items():
        if kern:
            alone=res[('none',v)]; ns=int(alone*40*3*4*1e3+3e6)
            f=setk(kern,smem,carve); ev=cp.cuda.Event(disable_timing=True)
            with bgs: f((grid,),(block,),(np.uint64(ns),)+args,shared_mem=smem); ev.record(bgs)
            t=time.perf_counter()
            while time.perf_counter()-t<0.0007: pass
        m,lo,hi=time_graph(g,3); over=bool(kern) and ev.done
        res[(name,v)]=m; hit[(name,v)]=over; emit('contend',name,v,'%.3f'%m,'%.3f'%lo,'%.3f'%hi,int(over))
        bgs.synchronize()
  vn=list(victims); print('%-18s'%'us/kernel'+' '.join('%10s'%v[-10:] for v in vn))
  for B in BG:
    n=B[0]; print('%-18s'%n+' '.join('%10s'%(('%.2f'%res[(n,v)]) if n=='none' else ('%.2fx'%(res[(n,v)]/res[('none',v)])+('!' if hit[(n,v)] else ''))) for v in vn))
buf=cp.zeros(3*4096,dtype=cp.uint64)
s1,s2,s3=[cp.cuda.Stream(non_blocking=True) for _ in range(3)]
def spin(st,blocks,threads,us,base,smem=0,carve=-1):
    f=setk('spin',smem,carve)
    with st: f((blocks,),(threads,),(np.uint64(us*1000),buf,np.int32(base)),shared_mem=smem)
def report(tag,marks):
    cp.cuda.Device().synchronize(); h=buf.get().reshape(-1,3)
    t0=min(int(h[b:b+n,0].min()) for _,b,n in marks)
    out=[]
    for nm,b,n in marks:
        s=h[b:b+n,0].astype(np.int64)-t0; e=h[b:b+n,1].astype(np.int64)-t0
        out.append('%s %.0f-%.0f st..%.0f sm%d'%(nm,s.min()/1e3,e.max()/1e3,s.max()/1e3,len(set(h[b:b+n,2].tolist()))))
    print(tag,'|',' | '.join(out)); emit('carve',tag,*out)
def wait(us):
    t=time.perf_counter()
    while (time.perf_counter()-t)*1e6<us: pass
def fresh(): cp.cuda.Device().synchronize(); time.sleep(0.01)
def cross():
  K=64<<10
  for trial in range(2):
    # A fills threads of every SM on s1; B waits behind it on s2; C wants 64K while B resides
    fresh(); spin(s1,264,1024,60,0,K//2+1024); spin(s2,132,128,400,800); wait(200); spin(s3,132,128,30,1200,K)
    report('A(full,33K) | B plain other stream | C',[('A',0,264),('B',800,132),('C',1200,132)])
    fresh(); spin(s1,264,1024,60,0,K//2+1024); spin(s2,132,128,400,800,1024); wait(200); spin(s3,132,128,30,1200,K)
    report('A(full,33K) | B 1K other stream | C',[('A',0,264),('B',800,132),('C',1200,132)])
    # A resides (64K, few threads), B joins it, A ends, C comes: does the SM keep A's carve-out while B resides?
    fresh(); spin(s1,132,128,100,0,K); wait(40); spin(s2,132,128,400,800); wait(120); spin(s3,132,128,30,1200,K)
    report('A(64K) beside B; A ends; C',[('A',0,132),('B',800,132),('C',1200,132)])
    # chain of short plain kernels on s2 while convs (64K) come on s1 now and then: waits of each
    fresh()
    for i in range(40): spin(s2,132,128,20,800+132*0)
    wait(100)
    for i in range(6): spin(s1,132,128,10,1200+132*i,K)
    cp.cuda.Device().synchronize(); h=buf.get().reshape(-1,3); t0=int(h[1200,0])
    print('chain: 64K starts', ['%.0f..%.0f'%((int(h[1200+132*i:1332+132*i,0].min())-t0)/1e3,(int(h[1200+132*i:1332+132*i,0].max())-t0)/1e3) for i in range(6)])
    # an SM set empties while others stay busy; B from another stream on it
    fresh(); spin(s3,66,1024,1500,2400,0); wait(60); spin(s1,66,1024,60,0,K); wait(20); spin(s2,66,1024,400,800); wait(150); spin(s1,66,128,30,1200,K)
    report('D66 | A66(64K) | B66 plain other | C66',[('D',2400,66),('A',0,66),('B',800,66),('C',1200,66)])
def carve():
  cross()
  for trial in range(1):
    for gap in (-1,0,100,20000):
        fresh(); spin(s1,132,128,30,0,64<<10)
        if gap>=0: s1.synchronize(); wait(gap)
        spin(s1,132,128,400,200); wait(60 if gap>=0 else 120); spin(s2,132,128,30,400,64<<10)
        report('A>gap%d>B,C'%gap,[('A',0,132),('B',200,132),('C',400,132)])
    fresh(); spin(s1,132,128,400,200); wait(60); spin(s2,132,128,30,400,64<<10); report('cold B,C',[('B',200,132),('C',400,132)])
    for plain in (0,1):
        fresh(); spin(s3,66,1024,1500,600,200<<10 if not plain else 0); wait(60)
        spin(s1,66,1024,30,0,64<<10); spin(s1,66,1024,400,200); wait(150); spin(s2,66,128,30,400,64<<10)
        report('busy(D66 %s) A>B,C'%('plain' if plain else '200K'),[('D',600,66),('A',0,66),('B',200,66),('C',400,66)])
    fresh(); spin(s3,1,128,1500,600); wait(60)
    spin(s1,132,128,30,0,64<<10); spin(s1,132,128,400,200); wait(150); spin(s2,132,128,30,400,64<<10)
    report('busy(1 tiny) A>B,C',[('D',600,1),('A',0,132),('B',200,132),('C',400,132)])
    fresh(); spin(s3,1,128,1500,600,64<<10); wait(60)
    spin(s1,132,128,30,0,64<<10); spin(s1,132,128,400,200); wait(150); spin(s2,132,128,30,400,64<<10)
    report('busy(1 tiny 64K) A>B,C',[('D',600,1),('A',0,132),('B',200,132),('C',400,132)])
    fresh(); spin(s3,1,128,1500,600); wait(60)
    spin(s1,132,128,30,0,160<<10); spin(s1,132,128,30,800,16<<10); spin(s1,132,128,400,200); wait(200); spin(s2,132,128,30,400,100<<10)
    report('busy A160>A16>B,C100',[('D',600,1),('A',0,132),('A16',800,132),('B',200,132),('C',400,132)])
for f in (contend,carve):
    try: f()
    except Exception as e: print(f.__name__,'failed',repr(e)[:300])
print('total %.1f s'%(time.time()-t_all))
