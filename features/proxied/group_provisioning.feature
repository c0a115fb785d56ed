Feature: Group provisioning
  By default, groups are provisioned manually: the server ignores a group that the proxy sends until an
  administrator has created it. With ProxyAuth.GroupsAutoProvision, a sign-in creates the groups that are
  missing. The server warns at start of groups that do not fit the configured way of provisioning.

  Rule: With manual provisioning, administrators create and remove groups

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"

    @PA-257 @PA-258
    Scenario: With manual provisioning, a user joins the group that exists, and the missing group is not created
      Given "alice" is in the groups "engineers, strangers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers" (PA-257)
      And there is no group "strangers" (PA-258)

    @PA-259
    Scenario: By default, a user joins a missing group only after an administrator has created it
      Given "alice" is in the groups "engineers, strangers" at the proxy
      When "alice" signs in
      Then there is no group "strangers"
      When the administrator creates a group "strangers"
      And "alice" signs in again
      Then "alice" is a member of "engineers, strangers"

    @PA-262
    Scenario: Removing a group ends its access to content, and a new group of the same name has no access
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And the group "engineers" has Viewer permission on "app"
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "alice" can open "app"
      And the group "engineers" is on the access list of "app"
      When the administrator removes the group "engineers"
      Then the group "engineers" is not on the access list of "app"
      And "alice" cannot open "app"
      When the administrator creates a group "engineers"
      And "alice" signs in again
      Then "alice" is a member of "engineers"
      And "alice" cannot open "app"

  Rule: With GroupsAutoProvision, a sign-in creates the groups that are missing

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "bob" is in the groups "managers" at the proxy
      And "bob" signs in

    @PA-264
    Scenario: With GroupsAutoProvision, a sign-in creates a missing group and makes the user a member
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then there is a group "engineers"
      And "alice" is a member of "engineers"

    @PA-265 @PA-266
    Scenario: With GroupsAutoProvision, a sign-in creates two missing groups and adds its user, not another user
      Given there is a group "managers"
      And there is no group "engineers"
      And there is no group "owners"
      And "alice" is in the groups "engineers, managers, owners" at the proxy
      When "alice" signs in
      Then there is a group "engineers" (PA-265)
      And there is a group "owners" (PA-265)
      And "alice" is a member of "engineers, managers, owners" (PA-266)
      And "bob" is not a member of "engineers" (PA-266)

    @PA-265 @PA-266 @direct
    Scenario: With GroupsAutoProvision, one sign-in creates ten missing groups and adds its user to all of them
      Given there is a group "managers"
      And there is no group "g1"
      And there is no group "g10"
      And "alice" is in the groups "g1, g2, g3, g4, g5, g6, g7, g8, g9, g10" at the proxy
      When "alice" signs in
      Then there is a group "g1" (PA-265)
      And there is a group "g10" (PA-265)
      And "alice" is a member of "g1, g2, g3, g4, g5, g6, g7, g8, g9, g10" (PA-266)

    @PA-343
    Scenario: With GroupsAutoProvision, a group that exists or is listed twice is not created again
      Given "alice" is in the groups "engineers, managers, engineers, owners" at the proxy
      When "alice" signs in
      Then there is a group "owners"
      And "alice" is a member of "engineers, managers, owners"
      When the administrator removes the group "engineers"
      And the administrator removes the group "managers"
      Then there is no group "engineers"
      And there is no group "managers"

    @PA-267
    Scenario: With GroupsAutoProvision, a group stays on the server after its last member has left it
      Given "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers"
      And "alice" is in the groups "managers" at the proxy
      When "alice" signs in again
      Then there is a group "engineers"
      And "alice" is not a member of "engineers"

    @PA-268
    Scenario: With GroupsAutoProvision, a group without members keeps its access to content for a later member
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And the group "engineers" has Viewer permission on "app"
      And "alice" can open "app"
      And "alice" is in the groups "managers" at the proxy
      And "alice" signs in again
      And "alice" cannot open "app"
      And "bob" is in the groups "engineers" at the proxy
      When "bob" signs in again
      Then "bob" can open "app"

    @PA-270
    Scenario: An administrator can remove a group that a sign-in created and that has no members left
      Given "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And there is a group "engineers"
      And "alice" is in the groups "managers" at the proxy
      And "alice" signs in again
      When the administrator removes the group "engineers"
      Then there is no group "engineers"
      And there is a group "managers"

    @SEC-019 @direct
    Scenario: With GroupsAutoProvision, an empty groups header creates no group
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in with the further header "X-Auth-Groups: "
      Then there is a group "engineers"
      And there is no group ""

    @SEC-019 @direct
    Scenario: With GroupsAutoProvision, a sign-in with 2500 groups does not create most of the groups
      Given there is a group "managers"
      When "alice" signs in with 2500 groups
      Then most of the groups were not created

  Rule: A group that an administrator created has an owner, a group that a sign-in created has none

    @PA-272
    Scenario: A group that a sign-in created has no owner
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then there is a group "engineers"
      And the group "engineers" has no owner

    @PA-274
    Scenario: The administrator who created a group is its owner
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      When the administrator creates a group "engineers"
      Then there is a group "engineers"
      And the owner of the group "engineers" is the administrator

  Rule: The server warns at start of groups that do not fit the configuration

    The server chooses the wording of a warning. A line about groups counts as a warning if an earlier start
    with the same configuration, before such groups existed, did not write it.

    @PA-275 @PA-277 @alone @direct
    Scenario: The server warns at start of groups without an owner with manual provisioning, not with automatic
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And the server has been restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And the group "engineers" has no owner
      When the server is restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      Then the server starts (PA-275)
      And the log warns of "group" (PA-275)
      When the server is restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      Then the server starts (PA-277)
      And the log no longer warns of "group" (PA-277)

    @PA-276 @PA-277 @alone @direct
    Scenario: The server warns at start of groups with an owner with automatic provisioning, not with manual
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And the server has been restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And the server has been restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And the owner of the group "engineers" is the administrator
      When the server is restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      Then the server starts (PA-276)
      And the log warns of "group" (PA-276)
      When the server is restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      Then the server starts (PA-277)
      And the log no longer warns of "group" (PA-277)
