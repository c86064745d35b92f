#!/bin/bash
# A Slurm of one node on this machine, for trying out `llmx submit` and for `make test-slurm`.
#
#   scripts/slurm_here.sh start FOLDER   write a configuration into FOLDER, start; prints what to export
#   scripts/slurm_here.sh stop FOLDER    stop what was started there
#
# It needs root and the Debian packages slurm-wlm and munge. The node says that it has four cores and
# two GPUs (there is nothing behind those names), partitions are cpu, gpu and low, which the others
# preempt. Nothing is written outside of FOLDER.
set -euo pipefail

verb=${1:-} folder=${2:-}
[ -n "$folder" ] && { [ "$verb" = start ] || [ "$verb" = stop ]; } || {
  sed -n '2,9p' "$0" >&2
  exit 2
}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

stop() {
  for name in slurmd slurmctld munged; do
    if [ -f "$folder/$name.pid" ]; then
      kill "$(cat "$folder/$name.pid")" 2>/dev/null || true
    fi
  done
  for _ in $(seq 50); do
    left=0
    for name in slurmd slurmctld munged; do
      [ -f "$folder/$name.pid" ] && kill -0 "$(cat "$folder/$name.pid")" 2>/dev/null && left=1
    done
    [ $left = 0 ] && break
    sleep 0.1
  done
  rm -f "$folder"/*.pid
}

if [ "$verb" = stop ]; then
  stop
  exit 0
fi

for program in munged slurmctld slurmd sbatch; do
  PATH=$PATH:/usr/sbin command -v $program >/dev/null || {
    echo "$program is missing: apt-get install -y slurm-wlm munge" >&2
    exit 2
  }
done
export PATH=$PATH:/usr/sbin
mkdir -p "$folder"/{state,spool,log}
chmod 755 "$folder"
host=$(hostname -s)
memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
port=${SLURM_HERE_PORT:-26817}

if [ ! -f "$folder/munge.key" ]; then
  dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 2>/dev/null
  chmod 600 "$folder/munge.key"
fi
cat >"$folder/slurm.conf" <<END
ClusterName=here
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=100000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
MinJobAge=60
KillWait=5
InactiveLimit=0
OverTimeLimit=0
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=$memory Gres=gpu:2 Features=here State=UNKNOWN
PartitionName=cpu Nodes=$host Default=YES MaxTime=600 State=UP PriorityTier=10
PartitionName=gpu Nodes=$host MaxTime=120 State=UP PriorityTier=10
PartitionName=low Nodes=$host MaxTime=600 State=UP PriorityTier=1 GraceTime=2
END
printf 'Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n' >"$folder/gres.conf"

munged --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
  --log-file="$folder/log/munged.log" --seed-file="$folder/munged.seed" --force >/dev/null 2>&1
export SLURM_CONF=$folder/slurm.conf
slurmctld -c -f "$SLURM_CONF" || true
slurmd -c -f "$SLURM_CONF" || true
for _ in $(seq 150); do
  [ "$(sinfo -h -o %T 2>/dev/null | sort -u | head -1)" = idle ] && {
    echo "export SLURM_CONF=$SLURM_CONF"
    exit 0
  }
  sleep 0.1
done
echo "Slurm did not come up: $folder/log" >&2
stop
exit 1
