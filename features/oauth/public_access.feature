Feature: Integrations on content with public access
  Content that is open to anyone, or that is opened through a share link, has no viewer: it obtains the
  token of a service account or none. The proxy lets visitors who are not signed in through once the
  server has a login page to which it can send all other visitors. The table of both types and all kinds of
  access is in support.feature.

  Background:
    Given a server configured with:
      | ProxyAuth.LoginURL | https://login.example.com/ |
    And a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"

  Rule: A visitor who is signed in changes nothing for public content

    @OI-118
    Scenario: Content open to anyone obtains no token through a Viewer integration, even for a signed-in visitor
      Given "paula" has published python-api content "app"
      And "app" is associated with "crm"
      And "alice" has Viewer permission on "app"
      And "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      When "app" is open to an anonymous visitor
      And "alice" visits "app"
      Then "app" obtains no token

  Rule: A share link opens content only as it was given

    @SEC-041 @direct
    Scenario: A share link with a changed ending does not open the content
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "app" is open to a visitor with a share link
      And an anonymous visitor has followed the share link to "app" and it obtained a token
      When an anonymous visitor follows the share link to "app" with another ending
      Then the request is refused or the client is asked to log in

  Rule: The token of a Service Account integration does not depend on the visitor

    @OI-009
    Scenario: Content obtains a token of the service account for visitors who are signed in and visitors who are not
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "alice" has Viewer permission on "app"
      And "bob" has Viewer permission on "app"
      And "app" is open to an anonymous visitor
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse"
      When "bob" visits "app"
      Then "app" obtains a token of "warehouse"
      When an anonymous visitor visits "app"
      Then "app" obtains a token of "warehouse"
