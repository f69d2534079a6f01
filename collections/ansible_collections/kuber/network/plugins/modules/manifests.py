# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests
short_description: Apply or delete a set of Kubernetes objects
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Applies a set of objects to a cluster with server-side apply, or deletes it. Use one task for the whole set, not
    one for each object.
  - The set is applied in stages, so the order of its objects does not matter. Namespaces and
    CustomResourceDefinitions come first, then rights and settings, then workloads, then webhook configurations, and
    last everything that a webhook may guard, such as custom resources and Ingresses.
  - A webhook that does not answer yet is waited for. A refusal by a webhook is an error.
  - Waits until the whole set is ready, through one watch for each kind and namespace. Deployments, DaemonSets,
    StatefulSets, ReplicaSets, Jobs, Pods, PersistentVolumeClaims, Services of type C(LoadBalancer), Namespaces,
    CustomResourceDefinitions, APIServices, the configuration of MetalLB, and GatewayClasses, Gateways, HTTPRoutes and
    GRPCRoutes of Gateway API are judged by their status. Any other object is judged by C(status.observedGeneration) and
    its conditions C(Ready), C(Reconciling) and C(Stalled), as far as it has them in the form that Kubernetes'
    conventions give them. One that has none is ready as soon as it exists, such as an Ingress. Use O(wait_for) to wait
    for its address.
  - What does not become ready is explained with its pods, containers, probes, last lines of logs and last events, and
    with what to change where that can be said.
  - What is to be done with each object is decided before anything is done. C(-vvv) prints these decisions, with the
    reasons and with what is sent.
  - What is there is read with one request for each kind and namespace. Objects of which the API server's own records
    prove that applying them would change nothing are not sent.
  - Fields that C(kubectl apply) or an addon manager has set before are taken over, so that those that the set does not
    contain are removed. Fields that others edit are left to them, unless the API server refuses the object together
    with them, or they are the item of a list that somebody has given another key. These are removed, and named with who
    has set them.
  - Nothing is applied if an object of the set is malformed or of a kind that neither the cluster nor the set defines.
    Before the first object is sent, the API server is asked (by dry runs) about all that are new or changed, so that
    unknown fields, invalid values, namespaces that do not exist, missing rights and, with O(conflicts=fail), conflicts
    are found while nothing has been touched. Of more than 100 new objects, one of each shape is asked about.
  - A well-formed object with an immutable field is reported at the end. The rest of the set is
    applied, and nothing is deleted for O(prune).
  - What only shows when an object is sent may be found after others have been applied. That is the refusal of a
    webhook, a quota or an admission policy, an object that is too large for etcd, a right that the set itself brings,
    an invalid value in an object whose Namespace comes with the set, and whatever is wrong with a custom resource whose
    CustomResourceDefinition comes or changes with the set. The result then says what has been applied; run the task
    again after fixing the cause.
  - A set may have at most 16 MiB.
  - YAML is read as C(kubectl) reads it. V(yes), V(on) and V(y) are booleans, V(0644) is a number to base 8, and keys
    such as V(1) or V(on) become the strings V(1) and V(true). Files may also be a stream of JSON, or in a vault. Keys
    that occur twice in a mapping are refused.
  - Lists, also those of a kind such as a C(ConfigMapList), are taken apart into their items. Documents, files and
    templates without objects are skipped if the set has any.
  - An object of a kind that has no namespaces is applied without C(metadata.namespace), with a warning.
  - Fields that controllers fill in are left to them. These are C(status), empty values of C(creationTimestamp), the
    C(rules) of a ClusterRole with C(aggregationRule), the C(caBundle) of a conversion webhook, and the C(caBundle) of
    another webhook or an APIService if it is a placeholder or an annotation says that it is injected.
  - An object that is there with the annotation C(kuber.network/reconcile=skip), or has it in the set, is left alone. It
    is neither created, changed nor deleted, and is not waited for unless it is there. O(prune) keeps an object that is
    there with the annotation C(kuber.network/prune=keep), or with C(helm.sh/resource-policy=keep), as charts have it.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
requirements:
  - jmespath
options:
  state:
    description:
      - With V(present), the objects are there and as they are written.
      - With V(absent), they are gone. They go in reverse order, each stage when the one before it is gone, a workload
        after its pods. Objects and kinds that are not there are left out of it.
      - With V(patched), those that are there get the fields that the set names, and nothing is created. What is not
        there is V(unchanged) and is not waited for. The objects of the set need not be complete.
    type: str
    choices: [present, absent, patched]
    default: present
  existing:
    description:
      - What to do about objects that are there already. With V(apply), they become as they are written.
      - With V(keep), they stay as they are, whoever made them. Only what is not there is created. They are waited for
        nevertheless.
    type: str
    choices: [apply, keep]
    default: apply
  append_hash:
    description:
      - Append a hash of what they hold to the names of ConfigMaps and Secrets, the one that kubernetes.core appends.
        C(kubectl create --append-hash) appends the same, unless a value has C(<), C(>), C(&) or characters beyond
        ASCII. With other data it is another object.
      - References to them in other objects are not changed. O(recreate) and O(wait_for) know the objects by their names
        with the hash, all other options without it. With O(prune), the ones of before go.
    type: bool
    default: false
  delete_options:
    description: How objects are deleted, whether by O(state=absent), O(prune) or O(recreate).
    type: dict
    suboptions:
      propagationPolicy:
        description:
          - What becomes of what an object owns, such as the pods of a Deployment. With V(Foreground) it goes before the
            object, with V(Background) after it, with V(Orphan) it stays.
          - Without it, V(Foreground).
        type: str
        choices: [Foreground, Background, Orphan]
      gracePeriodSeconds:
        description: How long a pod may take to end. Without it, what the pod says.
        type: int
  return_live:
    description:
      - Return each object as the server has it in the end, as C(objects[].live), without C(managedFields) and with what
        a Secret holds masked. In check mode, as it would be.
    type: bool
    default: false
  src:
    description:
      - Files and directories with objects in YAML or JSON, and URLs to download such files from.
      - A path is searched for as M(ansible.builtin.copy) does. Of a directory, all files named C(*.yml), C(*.yaml) and
        C(*.json) are taken.
      - A URL is given as a mapping of C(url) and C(sha256). The file is downloaded once to
        C(${XDG_CACHE_HOME:-~/.cache}/kuber.network) and compared with its checksum each time.
    type: list
    elements: raw
  template:
    description:
      - Jinja2 templates of files with objects, searched for and rendered as M(ansible.builtin.template) does.
    type: list
    elements: str
  kustomize:
    description:
      - Directories with a kustomization, searched for as those of O(src). What C(kubectl kustomize) prints is applied.
        The program C(kubectl) is needed where Ansible runs, nothing else is asked of it. It is given the
        C(environment) of the task.
    type: list
    elements: path
  charts:
    description:
      - Helm charts. What C(helm template) prints is applied, with diff, drift and O(prune) as any other set. The
        program C(helm) is needed where Ansible runs, and given the C(environment) of the task. No release is recorded
        in the cluster, so that C(helm list) does not show it.
      - Hooks and tests of a chart are left out, with a warning that names them.
      - The C(.Capabilities) of a chart are those of the cluster. Its C(lookup) finds nothing, since C(helm) itself does
        not ask the cluster.
      - A chart is rendered twice. If it draws values at random, such as a password, the task fails and names their
        fields, since each run would change them. Give them in O(charts[].release_values).
    type: list
    elements: dict
    suboptions:
      chart_ref:
        description: A directory or archive, searched for as those of O(src), or what C(helm template) takes as a chart.
        type: str
        required: true
      chart_repo_url:
        description: URL of the repository of the chart.
        type: str
      chart_version:
        description: Version of the chart. Without it, the newest, so that another run may apply another one.
        type: str
      release_name:
        description: Name of the release, which most charts use in the names of their objects.
        type: str
        required: true
      release_namespace:
        description:
          - Namespace of the release, and of its objects that name none. Without it, that of O(namespace), or else that
            of the context.
          - It is not created. If the chart has no Namespace, give one in O(definition).
        type: str
      release_values:
        description: Values. They have precedence over those of O(charts[].values_files).
        type: dict
        default: {}
      values_files:
        description: Files with values, each with precedence over those before it.
        type: list
        elements: path
        default: []
  definition:
    description:
      - Objects as mappings, or as YAML text, or a list of these.
      - At least one of O(src), O(template), O(kustomize), O(charts), O(definition) and, with O(state=absent),
        O(label_selectors) is required.
    type: raw
  kind:
    description: Kind of the objects that O(label_selectors) deletes.
    type: str
  api_version:
    description: Group and version of O(kind), needed only if two groups have a kind of that name.
    type: str
    aliases: [apiVersion]
  label_selectors:
    description:
      - With O(state=absent), objects of O(kind) with these labels are deleted, in O(namespace) if the kind has
        namespaces. Each entry is a label selector as C(kubectl) takes it, such as V(app=web), V(tier in (front, back))
        or V(!keep). All of them must match. An empty list is refused.
    type: list
    elements: str
  namespace:
    description:
      - Namespace of namespaced objects without one.
      - The default is the namespace of the context, or C(default).
    type: str
  field_manager:
    description:
      - Name of the field manager under which the API server records the fields of the set.
      - With the same name, fields that are removed from the set are removed from the objects.
    type: str
    default: kuber.network
  conflicts:
    description:
      - What to do about fields that another manager has set to another value.
      - With V(force), they are taken over. With V(fail), they are listed and the task fails, and nothing is taken over
        from C(kubectl apply) either.
    type: str
    choices: [force, fail]
    default: force
  predecessors:
    description:
      - Other field managers that have applied these objects before and do not come back, such as V(kubectl) after
        C(kubectl apply --server-side). C(kubectl get --show-managed-fields) shows their names.
      - Their fields are taken over as those of C(kubectl apply) always are, so that those that the set does not contain
        are removed. Without it, such fields stay as long as the record of the other manager does.
      - It has no effect with O(conflicts=fail).
    type: list
    elements: str
    default: []
  images:
    description:
      - Replacements for images of containers and init containers, as in a kustomization.
      - An entry that no container's image matches is an error.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Image to replace, without tag and digest.
        type: str
        required: true
      new_name:
        description: Name of the other image, without tag and digest.
        type: str
      new_tag:
        description:
          - Another tag. It also replaces a digest unless O(images[].digest) is given.
        type: str
      digest:
        description:
          - Another digest, such as C(sha256:...). It takes the place of a tag too unless O(images[].new_tag) says
            otherwise.
          - An empty string removes the digest and keeps the tag.
        type: str
  patches:
    description:
      - Changes to objects of the set before they are applied, in this order, so that a third-party manifest
        need not be copied to change it.
      - A patch that matches no object is an error.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the objects.
        type: str
        required: true
      api_version:
        description: Group and version of the kind, needed only if the set has a kind of that name in two groups.
        type: str
        aliases: [apiVersion]
      name:
        description: Name of the object. At least one of this and O(patches[].label_selectors) is given.
        type: str
      label_selectors:
        description:
          - Labels of the objects in the set, as label selectors such as V(app=web). All of them must match.
        type: list
        elements: str
      namespace:
        description: Namespace of the objects. Without it, objects of all namespaces.
        type: str
      merge:
        description:
          - A JSON merge patch (RFC 7386). Mappings are merged, V(null) removes a key, everything else is replaced,
            lists included.
          - Exactly one of this and O(patches[].json) is given.
        type: dict
      json:
        description:
          - The operations of a JSON patch (RFC 6902), in their order. What changes one entry of a list, or adds one.
          - A path that the object does not have is an error, and so is a test that fails.
        type: list
        elements: dict
        suboptions:
          op:
            description: What to do.
            type: str
            choices: [add, remove, replace, move, copy, test]
            required: true
          path:
            description: Where, as a JSON pointer (RFC 6901). C(-) as its last step is the end of a list.
            type: str
            required: true
          from:
            description: Where O(patches[].json[].op=move) and O(patches[].json[].op=copy) take the value from.
            type: str
          value:
            description: For O(patches[].json[].op=add), O(patches[].json[].op=replace) and O(patches[].json[].op=test).
            type: raw
  exclude:
    description:
      - Objects of the set to skip. An entry that matches no object is an error.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the object.
        type: str
        required: true
      api_version:
        description: Group and version of the kind, needed only if the set has a kind of that name in two groups.
        type: str
        aliases: [apiVersion]
      name:
        description: Name of the object.
        type: str
        required: true
  ignore:
    description:
      - Fields of the set that are left to others once the object exists, such as C(replicas) of a Deployment
        that a HorizontalPodAutoscaler scales.
      - A missing object is created with them. On an existing object they keep their values, whoever created it. They
        are never changed, never count as drift and never cause a conflict. A field that this task has created stays
        managed by O(field_manager) until another manager changes it; from then on it belongs to that manager.
      - A part of a list that is not there yet, such as one more container, is created with them too.
      - Fields that the set does not name are left alone anyway. An entry that matches no object is an error, so is a
        pointer that matches nothing in the objects of its entry.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the objects.
        type: str
        required: true
      api_version:
        description: Group and version of the kind, needed only if the set has a kind of that name in two groups.
        type: str
        aliases: [apiVersion]
      name:
        description: Name of the object. Without it, all objects of the kind.
        type: str
      namespace:
        description: Namespace of the objects. Without it, objects of all namespaces.
        type: str
      pointers:
        description:
          - JSON pointers (RFC 6901) into the object as the set has it after O(images) and O(patches), such as
            V(/spec/replicas). In names, C(~1) stands for C(/) and C(~0) for C(~). Parts of lists are counted from 0.
        type: list
        elements: str
        required: true
  recreate:
    description:
      - Objects that are deleted and created again when the API server refuses to change one of their fields, such as
        the template of a Job or the role of a ClusterRoleBinding. Without it, that is an error that names the fields.
      - Nothing is deleted before the API server has said that it would take the new object. What the old object owns,
        such as the pods of a workload, goes with it.
      - An entry that matches no object of the set is an error.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the objects.
        type: str
        required: true
      api_version:
        description: Group and version of the kind, needed only if the set has a kind of that name in two groups.
        type: str
        aliases: [apiVersion]
      name:
        description:
          - Name of the object. Without it, all objects of the kind. An object of kind Namespace,
            CustomResourceDefinition or PersistentVolumeClaim is only recreated if it is named.
        type: str
      namespace:
        description: Namespace of the objects. Without it, objects of all namespaces.
        type: str
  prune:
    description:
      - Delete objects that are no longer in the set, in reverse order, after the others have been applied.
        The default is to keep them.
      - A ConfigMap or Secret records what kinds of objects the set has and in which namespaces, and each object carries
        a label that points to it, both in the form of an ApplySet (KEP-3659). Let each set have a record of its own.
      - The record is widened before an object is applied and narrowed after the last one is deleted. A run that was
        interrupted anywhere leaves nothing behind that the next one does not find.
      - A record of another tool is refused, and so are objects that carry the label of another set. Objects that were
        applied before there was a record are only deleted if they were applied once with it.
      - With O(state=absent), everything that carries the label is deleted, and then the record, also what O(src),
        O(template) and O(definition) no longer name.
    type: dict
    suboptions:
      name:
        description: Name of the record. It is created if it does not exist.
        type: str
        required: true
      namespace:
        description: Namespace of the record. Without it, that of O(namespace) or of the context.
        type: str
      kind:
        description: Kind of the record.
        type: str
        choices: [ConfigMap, Secret]
        default: ConfigMap
      allow:
        description:
          - Kinds that are deleted too when they are no longer in the set, although much may go with them. Objects of
            the kinds that are not named here stay, and the result says so.
        type: list
        elements: str
        choices: [CustomResourceDefinition, Namespace, PersistentVolumeClaim]
        default: []
  parallel:
    description:
      - How many objects are sent in parallel, 1 to 64, with as many connections.
      - Objects wait for those of earlier stages in any case.
    type: int
    default: 8
  wait:
    description:
      - Whether to wait until the set is ready, or deleted.
      - Check mode never waits.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds that the task may wait in total, also for webhooks and CustomResourceDefinitions. An API
        server that is temporarily unavailable is waited for as well.
      - While it waits, it shows every ten seconds what it is waiting for.
      - The task fails sooner when it sees that waiting is in vain. At once when a Job has failed. After 5 seconds when
        the name of an image is none, 15 when MetalLB rejects its configuration, 30 when a Deployment has exceeded its
        progress deadline, a load balancer refuses the address or a container has crashed four times, 60 when an image
        cannot be pulled, a pod fits on no node or pods are refused, 120 when a ConfigMap or Secret of a container is
        not there. The trouble must have lasted for so long without a break.
    type: int
    default: 300
  wait_for:
    description:
      - Further conditions on objects, in the set or elsewhere, that must be met before the task ends, also with
        O(wait=false).
      - Only used with O(state=present).
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the object, one that the API server knows or that the set brings along.
        type: str
        required: true
      api_version:
        description: Group and version of the kind, needed only if two groups have a kind of that name.
        type: str
        aliases: [apiVersion]
      name:
        description: Name of the object.
        type: str
        required: true
      namespace:
        description: Namespace of the object. Without it, that of O(namespace) or of the context.
        type: str
      query:
        description:
          - A JMESPath expression over the live object. It is waited for until it yields something other than nothing,
            V(false), or an empty text, list or mapping.
          - An expression that is the same for every object is refused. One that is not met in time is explained with
            the values that were found, those of Secrets excepted.
        type: str
        required: true
seealso:
  - plugin: kuber.network.drift_report
    plugin_type: callback
  - module: kuber.network.manifests_info
"""

EXAMPLES = r"""
- name: Set up an application from templates
  kuber.network.manifests:
    template:
      - deployment.yml.j2
      - service.yml.j2
    namespace: shop

- name: Set up MetalLB from its own manifest, with another image and less log
  kuber.network.manifests:
    src:
      - url: https://raw.githubusercontent.com/metallb/metallb/v0.16.2/config/manifests/metallb-native.yaml
        sha256: e5f7c268f114c446dc60aaad71b7cabf861f637743e033e354d7d48592807c6d
    images:
      - name: quay.io/metallb/controller
        new_name: mirror.example.org/metallb/controller
    patches:
      - kind: ConfigMap
        name: metallb-excludel2
        namespace: metallb-system
        merge:
          metadata:
            labels:
              team: network
      - kind: Deployment
        name: controller
        namespace: metallb-system
        json:
          - op: add
            path: /spec/template/spec/containers/0/args/-
            value: --log-level=debug

- name: Delete the finished pods of an application
  kuber.network.manifests:
    state: absent
    kind: Pod
    label_selectors:
      - app=report
      - tier in (batch, nightly)
    namespace: shop

- name: Apply a chart and a kustomization
  kuber.network.manifests:
    charts:
      - chart_ref: charts/shop
        release_name: shop
        release_values:
          replicas: 2
    kustomize:
      - overlays/production
    namespace: shop

- name: Create a LoadBalancer service and wait for its address
  kuber.network.manifests:
    definition:
      apiVersion: v1
      kind: Service
      metadata:
        name: web
      spec:
        type: LoadBalancer
        selector:
          app: web
        ports:
          - port: 80
    wait_for:
      - kind: Service
        name: web
        query: status.loadBalancer.ingress[?ip=='172.17.255.1']

- name: Leave the number of pods to the autoscaler, and recreate Jobs that change
  kuber.network.manifests:
    src: [manifests/]
    ignore:
      - kind: Deployment
        name: web
        pointers: [/spec/replicas]
    recreate:
      - kind: Job

- name: Delete objects that were removed from the manifests
  kuber.network.manifests:
    src: [manifests/]
    prune:
      name: shop
      namespace: shop

- name: Report drift without changing anything
  kuber.network.manifests:
    src: [manifests/]
  check_mode: true
  diff: true

- name: Delete the application
  kuber.network.manifests:
    src: [manifests/]
    state: absent
"""

RETURN = r"""
objects:
  description: The result for each object, in order of execution.
  returned: if at least one object was processed
  type: list
  elements: dict
  contains:
    ref:
      description: Kind, namespace and name.
      type: str
    action:
      description:
        - One of V(created), V(configured), V(recreated), V(unchanged), V(deleted).
        - In check mode, what would be done.
      type: str
    reason:
      description:
        - Which fields were changed and who had set them otherwise, or why nothing had to be done. May be empty.
      type: str
    fields:
      description: The changed fields of an existing object.
      type: list
      elements: dict
      contains:
        field:
          description: Where it is, such as V(spec.template.spec.containers[name=web].image).
          type: str
        manager:
          description: Who had set it, when that was somebody else, in the words of the API server (C(managedFields)).
          type: str
        time:
          description: When that manager last wrote the object.
          type: str
    live:
      description: The object as the server has it in the end.
      returned: with O(return_live)
      type: dict
  sample:
    - ref: Deployment default/web
      action: configured
      reason: spec.replicas (kubectl-edit, 3 min ago)
      fields:
        - field: spec.replicas
          manager: kubectl-edit
          time: "2026-11-24T11:57:00Z"
drift:
  description:
    - What differed and was changed, or in check mode would be, in the form common to all modules of this
      collection. The callback P(kuber.network.drift_report#callback) builds its report from it.
  returned: if at least one object was processed
  type: list
  elements: dict
  contains:
    thing:
      description: The thing.
      type: str
    action:
      description: One of V(created), V(configured), V(recreated), V(deleted).
      type: str
    fields:
      description: The differing fields of an existing object.
      type: list
      elements: dict
      contains:
        field:
          description: Path of the field.
          type: str
        manager:
          description: The field manager that had set it, if it was another one and is known.
          type: str
        time:
          description: When that manager last wrote the object.
          type: str
    removed:
      description: Always empty here.
      type: list
      elements: str
    added:
      description: Always empty here.
      type: list
      elements: str
  sample:
    - thing: Deployment default/web
      action: configured
      fields:
        - field: spec.replicas
          manager: kubectl-edit
          time: "2026-11-24T11:57:00Z"
      removed: []
      added: []
summary:
  description: A summary in one line.
  returned: always
  type: str
  sample: "12 objects: 1 configured, 11 unchanged"
stats:
  description: What it took.
  returned: always
  type: dict
  contains:
    requests:
      description: The number of requests to the API server, by HTTP method.
      type: dict
    seconds:
      description:
        - How long it took, by phase. V(load) is reading the set, V(read) is looking at what is there, V(prove) is
          finding out what is as it should be, V(dry_run) is asking what becomes of the rest and what will be refused,
          V(apply) and V(delete) are the changes, V(wait) is waiting for readiness and V(total) is all that comes after
          V(load), with the preparation.
      type: dict
  sample:
    requests:
      GET: 6
      PATCH: 1
    seconds:
      load: 0.04
      read: 0.09
      prove: 0.01
      dry_run: 0.0
      apply: 0.04
      wait: 0.001
      total: 0.17
"""
