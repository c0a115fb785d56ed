Feature: Groups by name
  By default, the server compares the groups that the proxy sends with the names of its own groups. If a group
  is renamed behind the proxy, the server takes the new name for another group. An administrator can rename
  the group on the server as well, which keeps its access to content.

  Rule: By default, the name identifies a group

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |

    @PA-294
    Scenario: By default, a user becomes a member of the group whose name the proxy sends, not of another group
      Given a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

    @PA-295
    Scenario Outline: A user in the group "<listed>" at the proxy does not become a member of the group "Engineers"
      Given a group "Engineers"
      And "alice" is in the groups "Engineers" at the proxy
      And "bob" is in the groups "<listed>" at the proxy
      When "alice" signs in
      And "bob" signs in
      Then "alice" is a member of "Engineers"
      And "bob" is not a member of "Engineers"

      Examples:
        | listed    |
        | engineers |
        | ENGINEERS |

    @PA-343
    Scenario: An administrator cannot create a second group with the same name
      Given a group "managers"
      And a group "engineers"
      When the administrator creates a group "engineers"
      Then the request is refused

  Rule: With manual provisioning, the server ignores the new name of a group renamed behind the proxy

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the group "engineers" has Viewer permission on "app"
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers"
      And "alice" can open "app"
      And "alice" is in the groups "platform" at the proxy
      When "alice" signs in again

    @PA-296 @PA-298 @PA-299 @PA-300
    Scenario: With manual provisioning, a group renamed behind the proxy keeps its name and access, not its member
      Then there is a group "engineers" (PA-299)
      And the group "engineers" is on the access list of "app" (PA-300)
      And there is no group "platform" (PA-298)
      And "alice" is not a member of "engineers" (PA-296)
      And "alice" cannot open "app" (PA-296)

    @PA-301 @PA-302
    Scenario: A group renamed on the server as at the proxy gets its member back and keeps its access to content
      When the administrator renames the group "engineers" to "platform"
      And "alice" signs in again
      Then there is a group "platform" (PA-301)
      And "alice" is a member of "platform" (PA-301)
      And the group "platform" is on the access list of "app" (PA-302)
      And "alice" can open "app" (PA-302)

  Rule: With GroupsAutoProvision, the new name of a group renamed behind the proxy becomes a second group

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And the group "engineers" has Viewer permission on "app"
      And "alice" can open "app"
      And "alice" is in the groups "platform" at the proxy
      When "alice" signs in again

    @PA-296 @PA-297 @PA-299 @PA-300
    Scenario: With GroupsAutoProvision, renaming a group behind the proxy adds a second group without access
      Then there is a group "engineers" (PA-299)
      And the group "engineers" is on the access list of "app" (PA-300)
      And there is a group "platform" (PA-297)
      And the group "platform" is not on the access list of "app" (PA-300)
      And "alice" is a member of "platform" (PA-296)
      And "alice" is not a member of "engineers" (PA-296)

    @PA-303
    Scenario: A group can be renamed to the name of another group only after the other group is removed
      Given the administrator has renamed the group "engineers" to "builders"
      When the administrator renames the group "builders" to "platform"
      Then the request is refused
      And there is a group "builders"
      When the administrator removes the group "platform"
      And the administrator renames the group "builders" to "platform"
      And "alice" signs in again
      Then there is a group "platform"
      And "alice" is a member of "platform"
      And "alice" can open "app"
