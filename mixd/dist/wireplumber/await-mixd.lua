-- Leaves a new playback stream unlinked until mixd has chosen its sink, so that not a quantum of it is
-- heard through the wrong one, however busy the machine is. For WirePlumber 0.5: 0.4 has no hooks.
--
-- To ~/.local/share/wireplumber/scripts/, and await-mixd.conf to ~/.config/wireplumber/wireplumber.conf.d/;
-- then restart WirePlumber. Without a mixd nothing waits.

lutils = require ("linking-utils")
cutils = require ("common-utils")

-- How long a stream is left alone, in ms: one that mixd does not move is linked then. mixd takes 10 ms, and
-- on a busy machine some of them more.
PATIENCE = 500

-- The streams that have waited long enough, by serial: ids are used again.
local waited = {}
-- The timers of those that wait, by serial.
local waiting = {}

local sinks = ObjectManager {
  Interest {
    type = "node",
    Constraint { "node.name", "c", "mixd-default", "mixd-aux", type = "pw-global" },
  },
}
sinks:activate ()

-- Whether a stream is sent to one of mixd's sinks.
local function has_sink (id)
  local metadata = cutils.get_default_metadata_object ()
  local target = metadata and metadata:find (id, "target.object")
  for sink in sinks:iterate () do
    local properties = sink.properties
    if target == properties ["object.serial"] or target == properties ["node.name"] then
      return true
    end
  end
  return false
end

SimpleEventHook {
  name = "linking/await-mixd",
  after = "linking/find-defined-target",
  before = { "linking/find-filter-target", "linking/find-default-target",
             "linking/find-best-target", "linking/prepare-link" },
  interests = {
    EventInterest {
      Constraint { "event.type", "=", "select-target" },
    },
  },
  execute = function (event)
    local source, _, _, si_props = lutils:unwrap_select_target_event (event)
    local serial = si_props ["object.serial"]
    if si_props ["media.class"] ~= "Stream/Output/Audio" or si_props ["node.link-group"]
        or waited [serial] or sinks:get_n_objects () == 0 then
      return
    end
    if has_sink (si_props ["node.id"]) then
      waited [serial] = true
      return
    end
    if not waiting [serial] then
      waiting [serial] = Core.timeout_add (PATIENCE, function ()
        waiting [serial] = nil
        waited [serial] = true
        source:call ("schedule-rescan", "linking")
        return false
      end)
    end
    event:stop_processing ()
  end
}:register ()

SimpleEventHook {
  name = "linking/forget-who-awaited-mixd",
  interests = {
    EventInterest {
      Constraint { "event.type", "=", "node-removed" },
      Constraint { "media.class", "=", "Stream/Output/Audio" },
    },
  },
  execute = function (event)
    local serial = event:get_subject ().properties ["object.serial"]
    waited [serial] = nil
    if waiting [serial] then
      waiting [serial]:destroy ()
      waiting [serial] = nil
    end
  end
}:register ()
