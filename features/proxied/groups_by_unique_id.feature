Feature: Groups by unique id
  With ProxyAuth.GroupsByUniqueId, the server compares the groups that the proxy sends with the unique ids of
  its groups instead of their names. An administrator creates each group through the API, with the unique id
  that the proxy sends and a name for display.

  Rule: With GroupsByUniqueId, the unique id identifies a group

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      And a group "engineers" with the unique id "g-17"
      And a group "managers" with the unique id "g-18"

    @PA-304 @PA-312
    Scenario: With GroupsByUniqueId, a user becomes a member of the group whose unique id the proxy sends
      Given "alice" is in the groups "g-17" at the proxy
      When "alice" signs in
      Then "alice" is a member of "g-17" (PA-304)
      And "alice" is a member of "g-17" (PA-312)
      And "alice" is not a member of "g-18" (PA-312)

    @PA-250
    Scenario: The groups header may contain identifiers instead of names
      Given "alice" is in the groups "g-17, g-18" at the proxy
      When "alice" signs in
      Then "alice" is a member of "g-17, g-18"

    @PA-306
    Scenario: With GroupsByUniqueId, the name of a group in the groups header gives a user no membership
      Given "alice" is in the groups "engineers" at the proxy
      And "bob" is in the groups "g-17" at the proxy
      When "alice" signs in
      And "bob" signs in
      Then "bob" is a member of "g-17"
      And "alice" is not a member of "g-17"

    @PA-310
    Scenario: With GroupsByUniqueId, a user joins a missing group only after an administrator has created it
      Given "alice" is in the groups "g-17, g-99" at the proxy
      When "alice" signs in
      Then "alice" is a member of "g-17"
      And there is no group "g-99"
      When the administrator creates a group "owners" with the unique id "g-99"
      And "alice" signs in again
      Then "alice" is a member of "g-17, g-99"

    @PA-313
    Scenario: With GroupsByUniqueId, a user remains a member of a group that an administrator renames
      Given "alice" is in the groups "g-17" at the proxy
      And "alice" signs in
      When the administrator renames the group "g-17" to "platform"
      And "alice" signs in again
      Then there is a group "platform"
      And "alice" is a member of "platform"

  Rule: With GroupsByUniqueId, administrators manage groups through the API

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      And a group "engineers" with the unique id "g-17"

    @PA-307
    Scenario: With GroupsByUniqueId, an administrator can create, rename and remove a group
      When the administrator creates a group "managers" with the unique id "g-18"
      Then there is a group "g-18"
      When the administrator renames the group "g-18" to "owners"
      Then there is a group "owners"
      And there is no group "managers"
      When the administrator removes the group "owners"
      Then there is no group "owners"
      And there is a group "g-17"

    @PA-311
    Scenario: With GroupsByUniqueId, an administrator can create a group with a unique id and a name
      When the administrator creates a group "managers" with the unique id "g-18"
      Then there is a group "g-18"
      When "alice" is in the groups "g-18" at the proxy
      And "alice" signs in
      Then "alice" is a member of "g-18"

    @PA-314
    Scenario: With GroupsByUniqueId, two groups can have the same name and different members
      Given "alice" is in the groups "g-17" at the proxy
      And "bob" is in the groups "g-18" at the proxy
      When the administrator creates a group "engineers" with the unique id "g-18"
      And "alice" signs in
      And "bob" signs in
      Then there is a group "g-17"
      And there is a group "g-18"
      And "alice" is a member of "g-17"
      And "alice" is not a member of "g-18"
      And "bob" is a member of "g-18"
      And "bob" is not a member of "g-17"

  Rule: Without GroupsByUniqueId, the name identifies a group

    @PA-305
    Scenario: Without GroupsByUniqueId, a user becomes a member of the group whose name the proxy sends
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

  Rule: GroupsByUniqueId and GroupsAutoProvision cannot be combined

    @PA-316 @direct
    Scenario: A server with GroupsByUniqueId and GroupsAutoProvision refuses to start and names the second option
      Given a server configured with:
        | ProxyAuth.GroupsHeader     | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId | true          |
      When a server is started with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsByUniqueId    | true          |
        | ProxyAuth.GroupsAutoProvision | true          |
      Then the server refuses to start
      And the start-up error names "GroupsAutoProvision"
