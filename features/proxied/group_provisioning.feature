Feature: How groups come to be on the server
  Groups are either provisioned by hand, and then only those count that an administrator has added,
  or automatically, and then every group that the proxy lists comes to be at a sign-in.

  Rule: Provisioned by hand, only the groups of the server count

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"

    @PA-257 @PA-258
    Scenario: One group that the server has and one that it has not
      Given "alice" is in the groups "engineers, strangers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers" (PA-257)
      And there is no group "strangers" (PA-258)

    @PA-259
    Scenario: This is the default
      Given "alice" is in the groups "engineers, strangers" at the proxy
      When "alice" signs in
      Then there is no group "strangers"
      When the administrator creates a group "strangers"
      And "alice" signs in again
      Then "alice" is a member of "engineers, strangers"

    @PA-262
    Scenario: Whoever removes a group removes its access to content
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And the group "engineers" may view "app"
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

  Rule: Provisioned automatically, groups come to be at sign-in

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "bob" is in the groups "managers" at the proxy
      And "bob" signs in

    @PA-264
    Scenario: The option turns it on
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then there is a group "engineers"
      And "alice" is a member of "engineers"

    @PA-265 @PA-266
    Scenario: The groups that are missing are created, with their first member
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
    Scenario: Ten groups that are missing are created at once
      Given there is a group "managers"
      And there is no group "g1"
      And there is no group "g10"
      And "alice" is in the groups "g1, g2, g3, g4, g5, g6, g7, g8, g9, g10" at the proxy
      When "alice" signs in
      Then there is a group "g1" (PA-265)
      And there is a group "g10" (PA-265)
      And "alice" is a member of "g1, g2, g3, g4, g5, g6, g7, g8, g9, g10" (PA-266)

    @PA-343
    Scenario: A group that is listed twice, and one that the server has, are not created again
      Given "alice" is in the groups "engineers, managers, engineers, owners" at the proxy
      When "alice" signs in
      Then there is a group "owners"
      And "alice" is a member of "engineers, managers, owners"
      When the administrator removes the group "engineers"
      And the administrator removes the group "managers"
      Then there is no group "engineers"
      And there is no group "managers"

    @PA-267
    Scenario: A group stays when its last member has gone
      Given "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers"
      And "alice" is in the groups "managers" at the proxy
      When "alice" signs in again
      Then there is a group "engineers"
      And "alice" is not a member of "engineers"

    @PA-268
    Scenario: A group keeps its access to content for later members
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And the group "engineers" may view "app"
      And "alice" can open "app"
      And "alice" is in the groups "managers" at the proxy
      And "alice" signs in again
      And "alice" cannot open "app"
      And "bob" is in the groups "engineers" at the proxy
      When "bob" signs in again
      Then "bob" can open "app"

    @PA-270
    Scenario: A group without members can be removed
      Given "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And there is a group "engineers"
      And "alice" is in the groups "managers" at the proxy
      And "alice" signs in again
      When the administrator removes the group "engineers"
      Then there is no group "engineers"
      And there is a group "managers"

    @SEC-019 @direct
    Scenario: A groups header without a name makes no group
      Given "alice" is in the groups "engineers" at the proxy
      When "alice" signs in with the further header "X-Auth-Groups: "
      Then there is a group "engineers"
      And there is no group ""

    @SEC-019 @direct
    Scenario: A proxy cannot fill the server with groups
      Given there is a group "managers"
      When "alice" signs in with 2500 groups
      Then most of the groups were not created

  Rule: Groups made by hand have an owner, others have none

    @PA-272
    Scenario: A group that a sign-in has made
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then there is a group "engineers"
      And the owner of the group "engineers" is nobody

    @PA-274
    Scenario: A group that an administrator has made
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      When the administrator creates a group "engineers"
      Then there is a group "engineers"
      And the owner of the group "engineers" is the administrator

  Rule: The server warns at start-up of groups that do not fit the configuration

    How it words a warning is its own affair. A warning is a line about groups that an earlier start with
    the same configuration, before there were such groups, did not write.

    @PA-275 @PA-277 @alone @direct
    Scenario: The server warns of groups without an owner when groups are provisioned by hand
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And it is restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And the owner of the group "engineers" is nobody
      When it is restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      Then it starts (PA-275)
      And the log warns of "group" (PA-275)
      When it is restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      Then it starts (PA-277)
      And the log no longer warns of "group" (PA-277)

    @PA-276 @PA-277 @alone @direct
    Scenario: The server warns of groups with an owner when groups are provisioned automatically
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And it is restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And it is restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a group "engineers"
      And the owner of the group "engineers" is the administrator
      When it is restarted with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      Then it starts (PA-276)
      And the log warns of "group" (PA-276)
      When it is restarted with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      Then it starts (PA-277)
      And the log no longer warns of "group" (PA-277)
