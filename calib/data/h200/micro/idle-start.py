# What a graph pays that starts on an idle stream, alone and beside others.
import os, time, threading, statistics as st, sys
import torch, torchvision
OUT=os.environ.get('OUT','/tmp')
torch.backends.cudnn.benchmark=False
dev=torch.device('cuda'); torch.manual_seed(0)
log=open(OUT+'/idle-start.csv','w')
def emit(*a):
    s=','.join(str(x) for x in a); log.write(s+'\n'); log.flush()
def q(v,p):
    v=sorted(v); return v[min(len(v)-1,int(p*(len(v)-1)+0.5))]
TV=['resnet152','densenet201','vgg19','inception_v3','resnet50','mobilenet_v2','efficientnet_b0','googlenet','alexnet','vit_b_16']
def make(name):
    if name in ('distilbert','bert_base'):
        import transformers as tf
        if name=='distilbert':
            m=tf.DistilBertModel(tf.DistilBertConfig())
        else:
            m=tf.BertModel(tf.BertConfig())
        ids=torch.randint(0,30000,(1,128),device=dev)
        m=m.eval().to(dev)
        return lambda: m(ids)
    kw={'weights':None}
    if name in('inception_v3','googlenet'): kw.update(init_weights=False,aux_logits=True)
    m=getattr(torchvision.models,name)(**kw).eval().to(dev)
    x=torch.randn(1,3,299 if name=='inception_v3' else 224,299 if name=='inception_v3' else 224,device=dev)
    return lambda: m(x)
class Client:
    def __init__(s,name,prio=0):
        s.name=name; s.stream=torch.cuda.Stream(priority=prio); s.f=make(name)
        with torch.no_grad(), torch.cuda.stream(s.stream):
            for _ in range(3): s.f()
            torch.cuda.synchronize()
            s.g=torch.cuda.CUDAGraph()
            with torch.cuda.graph(s.g,stream=s.stream): s.f()
        torch.cuda.synchronize()
    def shot(s):
        a=torch.cuda.Event(enable_timing=True);b=torch.cuda.Event(enable_timing=True)
        with torch.cuda.stream(s.stream):
            a.record(s.stream); t=time.perf_counter(); s.g.replay(); t=time.perf_counter()-t; b.record(s.stream)
        return a,b,t
    def closed(s,stop,depth=2,out=None):
        torch.cuda.set_device(0); fl=[]
        while not stop.is_set():
            fl.append(s.shot())
            if len(fl)>=depth:
                e=fl.pop(0); e[1].synchronize()
                if out is not None: out.append(e)
        for e in fl: e[1].synchronize()
    def uniform(s,period,n,out,gap0=0.0):
        t0=time.perf_counter()+gap0
        for i in range(n):
            while True:
                d=t0+i*period-time.perf_counter()
                if d<=0: break
                if d>3e-4: time.sleep(d-2e-4)
            e=s.shot(); out.append(e); e[1].synchronize()
def period(evs):
    ends=[evs[0][1].elapsed_time(e[1]) for e in evs]; d=[b-a for a,b in zip(ends,ends[1:])][2:]
    return d
def service(evs): return [a.elapsed_time(b) for a,b,_ in evs]
names=TV+['distilbert','bert_base']
C={}
print('%-16s %9s %9s %9s %9s %9s %8s'%('model','b2b ms','idle1 ms','idle5','idle20','launch us','extra us'))
for n in names:
    try: c=C[n]=Client(n)
    except Exception as e: print(n,'failed',repr(e)[:100]); continue
    evs=[]; stop=threading.Event()
    th=threading.Thread(target=c.closed,args=(stop,2,evs)); th.start(); time.sleep(0.35); stop.set(); th.join()
    p=statistics=st.median(period(evs)); row=[]; la=[]
    for idle in (1e-3,5e-3,20e-3):
        o=[]
        for _ in range(40):
            time.sleep(idle); e=c.shot(); e[1].synchronize(); o.append(e)
        s=service(o); row.append(st.median(s)); la+=[e[2]*1e6 for e in o]
        emit('alone',n,idle,'%.5f'%p,'%.5f'%st.median(s),'%.5f'%min(s),'%.5f'%max(s),'%.2f'%st.median([e[2]*1e6 for e in o]))
    print('%-16s %9.4f %9.4f %9.4f %9.4f %9.1f %8.1f'%(n,p,*row,st.median(la),(row[1]-p)*1e3),flush=True)
# event cost: two events with nothing between, and an empty-kernel graph
s=torch.cuda.Stream()
def two():
    a=torch.cuda.Event(enable_timing=True);b=torch.cuda.Event(enable_timing=True)
    a.record(s);b.record(s);b.synchronize();return a.elapsed_time(b)*1e3
time.sleep(.01); v=[(time.sleep(.005),two())[1] for _ in range(50)]
print('two events, idle: median %.2f us'%st.median(v)); emit('events','','', '%.3f'%st.median(v))
for nk in (1,10,50,100,200,500,1000):
    x=torch.zeros(1,device=dev); g=torch.cuda.CUDAGraph(); 
    with torch.cuda.stream(s):
        x.add_(1); torch.cuda.synchronize()
        with torch.cuda.graph(g,stream=s):
            for _ in range(nk): x.add_(1)
    def one(idle):
        a=torch.cuda.Event(enable_timing=True);b=torch.cuda.Event(enable_timing=True)
        if idle: time.sleep(idle)
        with torch.cuda.stream(s):
            a.record(s);t=time.perf_counter();g.replay();t=time.perf_counter()-t;b.record(s);b.synchronize()
        return a.elapsed_time(b)*1e3,t*1e6
    one(0)
    v=[one(5e-3) for _ in range(30)]
    with torch.cuda.stream(s):
        a=torch.cuda.Event(enable_timing=True);b=torch.cuda.Event(enable_timing=True)
        for _ in range(3): g.replay()
        a.record(s)
        for _ in range(20): g.replay()
        b.record(s); b.synchronize()
    bb=a.elapsed_time(b)*1e3/20
    print('chain of %4d tiny kernels: idle %.2f us, back to back %.2f, extra %.2f, launch call %.1f'%(nk,st.median([x for x,_ in v]),bb,st.median([x for x,_ in v])-bb,st.median([t for _,t in v])),flush=True)
    emit('chain',nk,5e-3,'%.3f'%bb,'%.3f'%st.median([x for x,_ in v]),'','','%.2f'%st.median([t for _,t in v]))
# beside others
def beside(tag,rt,prio,others,rate,dur):
    rtc=Client(rt,prio); oc=[Client(n) for n in others]
    stop=threading.Event(); outs=[[] for _ in oc]
    ths=[threading.Thread(target=c.closed,args=(stop,2,o)) for c,o in zip(oc,outs)]
    for t in ths: t.start()
    time.sleep(0.05); o=[]; rtc.uniform(1/rate,int(dur*rate),o); stop.set()
    for t in ths: t.join()
    s=service(o); print('%-28s rt %s: mean %.4f p50 %.4f p95 %.4f p99 %.4f launch %.1f us'%(tag,rt,st.mean(s),q(s,.5),q(s,.95),q(s,.99),st.median([e[2]*1e6 for e in o])),flush=True)
    emit('beside',tag,rt,prio,rate,'%.5f'%st.mean(s),'%.5f'%q(s,.5),'%.5f'%q(s,.95),'%.5f'%q(s,.99))
    for n,ev in zip(others,outs):
        d=period(ev); print('   %-20s period mean %.4f p50 %.4f p95 %.4f p99 %.4f'%(n,st.mean(d),q(d,.5),q(d,.95),q(d,.99)),flush=True)
        emit('beside',tag,n,'closed','','%.5f'%st.mean(d),'%.5f'%q(d,.5),'%.5f'%q(d,.95),'%.5f'%q(d,.99))
five=['resnet152','densenet201','vgg19','inception_v3','distilbert']
for r in (1,2):
    beside('disb-A streams %d'%r,'vgg19',0,['resnet152'],100,2)
    beside('disb-A priority %d'%r,'vgg19',-5,['resnet152'],100,2)
    beside('disb-C streams %d'%r,'vgg19',0,five,100,2)
    beside('disb-C priority %d'%r,'vgg19',-5,five,100,2)
beside('vgg19 alone','vgg19',0,[],100,1)
beside('densenet201@100+resnet50','densenet201',0,['resnet50'],100,1.5)
beside('resnet152@100+resnet50','resnet152',0,['resnet50'],100,1.5)
